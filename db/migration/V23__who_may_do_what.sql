-- The cap of payloads belongs to the owner of the schema: a role that appends cannot change it
-- (docs/decisions/0024-who-may-do-what.md).

-- What the owner has set for all that use the schema. A setting that has no row has its default.
create table setting (
    name  text not null,
    value bigint not null,
    constraint setting_pkey primary key (name),         -- payload_cap
    constraint setting_payload_cap_bounded check (name <> 'payload_cap' or value between 1000 and 67108864)
);
comment on table setting is 'What the owner has set for all that use the schema.';
comment on index setting_pkey is 'unique: one value for each name; the function payload_cap';

-- What alter database or alter system had set until now stays in force.
insert into setting (name, value)
select 'payload_cap', least(greatest(given.bytes, 1000), 67108864)
from (
    select substring(config from '^millrace[.]payload_cap=([0-9]{1,9})$')::bigint as bytes, s.setdatabase
    from pg_db_role_setting s
        cross join unnest(s.setconfig) as config
    where s.setrole = 0 and s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
) given
where given.bytes is not null
order by given.setdatabase desc -- that of this database before that of all
limit 1;

-- Returns the most UTF-8 bytes that the JSON of a payload may take.
create or replace function payload_cap() returns integer language plpgsql stable as $$
begin
    return coalesce((select s.value from "${flyway:defaultSchema}".setting s where s.name = 'payload_cap'), 1048576);
end $$;

-- As before, but with that cap: looked up within the statement that checks the payload, which those of up to 1,000 bytes are spared.
create or replace function check_event(place text, payload jsonb, metadata jsonb, priority double precision, timeout double precision,
    run_at timestamptz, deadline timestamptz) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if priority = 'NaN' or priority in ('Infinity', '-Infinity') then
        perform refuse(place, 'Priority must be finite and not NaN, got ' || priority, '22023', null);
    elsif timeout = 'NaN' or timeout in ('Infinity', '-Infinity') then
        perform refuse(place, 'timeout must be finite, got ' || timeout, '22023', null);
    elsif timeout <= 0 then
        perform refuse(place, 'timeout must be positive, got ' || seconds_text(timeout), '22023', null);
    elsif timeout > 315360000 then
        perform refuse(place, format('timeout must be finite, at most 3650 days, got %ss', seconds_text(timeout)), '22023', null);
    end if;
    perform check_time(place, 'deadline', deadline);
    perform check_time(place, 'runAt', run_at);
    if payload is null then
        perform refuse(place, 'payload must not be null; for a null of JSON give ''null''::jsonb', '22004', null);
    elsif jsonb_typeof(metadata) <> 'object' then
        perform refuse(place, 'metadata must be an object, got ' || jsonb_typeof(metadata), '22023', null);
    elsif metadata ?| array['original', 'root', 'attempt'] then
        perform refuse(place, format('metadata refused at $.%s: Millrace itself writes the keys original, root and attempt; use another key',
            (select min(k) from unnest(array['attempt', 'original', 'root']) k where metadata ? k)), '22023', null);
    end if;
    perform check_json(place, 'payload', payload, coalesce((select s.value from setting s where s.name = 'payload_cap')::integer, 1048576));
    perform check_json(place, 'metadata', metadata, 65536);
end $$;

-- Sets that cap, in bytes, for every append that begins once this is committed; null for the default, 1 MiB. For the owner alone.
create function set_payload_cap(bytes integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if bytes is null then
        delete from setting s where s.name = 'payload_cap';
        return;
    end if;
    if bytes not between 1000 and 67108864 then
        perform refuse(null, format('the cap of payloads must be 1000 to 67108864 bytes, got %s', bytes), '22023', null);
    end if;
    insert into setting (name, value) values ('payload_cap', bytes)
    on conflict on constraint setting_pkey do update set value = excluded.value;
end $$;

-- As before, but for a lowest code that is none: generate_series then made billions of rows.
create or replace function ended_codes(statuses text[], lowest integer) returns smallint[] language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    known constant text[] := array(select status_name(c.code) from generate_series(greatest(lowest, 0), 6) c (code) order by c.code);
    bad text;
begin
    perform check_given('statuses', ended_codes.statuses is not null);
    select quoted(coalesce(s.name, 'null')) into bad
    from unnest(ended_codes.statuses) with ordinality as s (name, n)
    where s.name is null or s.name <> all (known)
    order by s.n
    limit 1;
    if found then
        perform refuse(null, format('statuses must be of %s, got %s', array_to_string(known, ', '), bad), '22023', null);
    end if;
    return array(
        select c.code::smallint
        from generate_series(greatest(lowest, 0), 6) c (code)
        where status_name(c.code) = any (ended_codes.statuses)
        order by c.code);
end $$;

-- As before, but for types in an array of several dimensions, in which array_position does not search.
create or replace function open_filter_of(flow_id integer, types text[], since timestamptz, until timestamptz, lowest double precision,
    highest double precision) returns open_filter language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if lowest = 'NaN' or highest = 'NaN' or lowest > highest then
        perform refuse(null, format('the lowest priority must be at most the highest, got %s and %s', coalesce(lowest, '-Infinity'),
            coalesce(highest, 'Infinity')), '22023', null);
    elsif exists (select from unnest(types) as t (name) where t.name is null) then
        perform refuse(null, 'types must not contain null', '22004', null);
    end if;
    return row(flow_id, lanes_of(flow_id, types), since, until, coalesce(lowest, '-Infinity'), coalesce(highest, 'Infinity'),
        (select last_value from ready_position_seq))::open_filter;
end $$;
