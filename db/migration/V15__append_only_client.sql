-- What a Java client needs that holds nothing but millrace_append, beside append_many: whether this schema fits it, and the number of its
-- flow. Neither shows anything of an event, and a flow comes into being with its first append anyhow.

create function schema_version() returns text language plpgsql stable security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    return (
        select h.version
        from schema_history h
        where h.success and h.version is not null
        order by h.installed_rank desc
        limit 1);
end $$;

-- The flow of that name, made if there is none. Waits for another transaction that makes it.
create function open_flow(flow text) returns integer language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    found integer;
begin
    perform check_name('flow name', open_flow.flow);
    select f.id into found from flow f where f.name = open_flow.flow;
    if found is null then
        insert into flow (name) values (open_flow.flow) on conflict on constraint flow_name_key do nothing;
        select f.id into strict found from flow f where f.name = open_flow.flow;
    end if;
    return found;
end $$;

-- One vocabulary: what users append is called an event in every message. The functions are made again as they are, with that word in
-- their messages.
do $$
declare
    spoken record;
begin
    for spoken in
        select p.oid
        from pg_proc p
        where p.pronamespace = (select oid from pg_namespace where nspname = current_schema())
            and p.prosrc ~ '''Item %s'
    loop
        execute replace(replace(pg_get_functiondef(spoken.oid), '''Item %s', '''event %s'), ': item %s holds', ': event %s holds');
    end loop;
end $$;
select grant_roles();
