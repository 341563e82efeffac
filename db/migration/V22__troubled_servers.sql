-- What a server in trouble needs: wake-ups that the dead do not get, and a word on which history the server writes.

-- Counts what was added to ready, and wakes those who sleep on its flows: append, retry, promotion, rescue, in any language.
-- Equal notifications of a transaction are one; while nobody sleeps there is none, for one that does ends group commit. Who
-- sleeps is a worker whose lease holds: a worker that ended without a word leaves its rows until a rescue, and nobody hears.
create or replace function ready_added() returns trigger language plpgsql as $$
declare
    asleep boolean; -- whether anybody is
begin
    insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
    select pg_catalog.min(flow), 0, pg_catalog.count(*)
    from added
    having pg_catalog.min(flow) operator(pg_catalog.=) pg_catalog.max(flow)
    returning exists (select from "${flyway:defaultSchema}".sleeper) into asleep;
    if not found then
        insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
        select flow, 0, pg_catalog.count(*) from added group by flow;
        asleep := exists (select from "${flyway:defaultSchema}".sleeper);
    end if;
    if asleep then
        perform pg_catalog.pg_notify(tg_table_schema, due.flow::pg_catalog.text)
        from (select distinct flow from added) due
        where exists (
            select
            from "${flyway:defaultSchema}".sleeper s
            join "${flyway:defaultSchema}".worker w on w.id operator(pg_catalog.=) s.worker
            where s.flow operator(pg_catalog.=) due.flow
                and w.expires_at operator(pg_catalog.>=) pg_catalog.clock_timestamp()
        );
    end if;
    return null;
end $$;

-- Counts what was added to scheduled, and wakes those who promote for what becomes due before they look by themselves.
create or replace function scheduled_added() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    insert into status_delta (flow, status, n) select flow, 7, count(*) from added group by flow;
    if exists (select from sleeper where flow = 0)
            and exists (select from added where run_at < clock_timestamp() + interval '3 seconds')
            and exists (
                select
                from sleeper s
                join worker w on w.id = s.worker
                where s.flow = 0 and w.expires_at >= clock_timestamp()
            ) then
        perform pg_notify(tg_table_schema, '0');
    end if;
    return null;
end $$;

-- The timeline that this server writes, a number that grows with each promotion of a standby; null on a standby, and where the
-- server does not say, which must not keep a lease from being renewed.
create function timeline() returns integer language plpgsql
set search_path = pg_catalog, pg_temp as $$
begin
    if pg_is_in_recovery() then
        return null;
    end if;
    return ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer;
exception when others then
    return null;
end $$;
