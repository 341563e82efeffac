-- append: stores events and queues them, due ones in ready, later ones in scheduled. One statement, all or nothing; says
-- how many. None if the flow has a limit, or was dropped, and that was not :checked.
-- Locks nothing that exists; a duplicate id fails on a primary key.
-- What is due is judged by :now; null is the moment by the database's clock, which everything else goes by.
-- The casts from text happen here, so that a bad value fails the whole statement.
with input as materialized (
    select i.*, coalesce(i.given_priority, extract(epoch from clock.moment)) as priority, clock.moment,
        coalesce(:now::timestamptz, clock.moment) as now,
        coalesce(i.given_run_at, coalesce(:now::timestamptz, clock.moment) + i.delay * interval '1 second') as run_at
    from unnest(:ids::uuid[], :lanes::integer[], :types::text[], :payloads::text[], :metadata::text[],
            :priorities::float8[], :timeouts::float8[], :deadlines::timestamptz[], :streaming::boolean[],
            :run_at::timestamptz[], :delays::float8[])
            with ordinality as i (id, lane, type, payload, metadata, given_priority, timeout, deadline, streaming,
                given_run_at, delay, n)
        cross join (select clock_timestamp() as moment) clock
    where :checked or exists (select 1 from millrace.flow where id = :flow and max_pending is null)
), stored as (
    insert into millrace.event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    select id, :flow, type, payload::jsonb, metadata::jsonb, priority, timeout, deadline, streaming, moment
    from input
    order by n
), later as (
    insert into millrace.scheduled (id, run_at, priority, position, lane, flow)
    select id, run_at, priority, nextval(pg_get_serial_sequence('millrace.ready', 'position')), lane, :flow
    from input
    where run_at > now
    order by n
), due as (
    insert into millrace.ready (id, priority, lane, flow)
    select id, priority, lane, :flow
    from input
    where run_at is null or run_at <= now
    order by n
)
select count(*) from input
