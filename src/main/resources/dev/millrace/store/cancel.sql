-- cancel: ends one event as cancelled, whether it is pending, due or not, or runs; says whether it did. A running one is
-- taken from its worker, whose answer then meets the fence: of the two, the one that deletes the row counts. The worker is
-- notified, so that it interrupts the handler. Waits for a claim or a settlement of the event that is under way, then
-- finds nothing: it may have moved on.
with clock as materialized (
    select clock_timestamp() as moment
), due as (
    delete from millrace.ready
    where ctid = (
        select ctid
        from (select ctid, flow from millrace.ready where id = :id offset 0) found -- by nothing but its id
        where flow = :flow
    )
    returning id, flow, lane, attempt
), later as (
    delete from millrace.scheduled
    where ctid = (
        select ctid
        from (select ctid, flow from millrace.scheduled where id = :id offset 0) found
        where flow = :flow
    )
    returning id, flow, lane, attempt
), ran as (
    delete from millrace.running
    where ctid = (
        select ctid
        from (select ctid, flow from millrace.running where id = :id offset 0) found
        where flow = :flow
    )
    returning id, flow, lane, attempt, worker, claimed_at
), ended as (
    insert into millrace.outcome (id, worker, started_at, finished_at, duration, flow, attempt, status, retryable, error)
    select id, worker, claimed_at, moment, extract(epoch from moment - claimed_at), flow, attempt, 4, true, :error::jsonb
    from (
        select id, flow, attempt, worker, claimed_at from ran
        union all
        select id, flow, attempt, null, null from due
        union all
        select id, flow, attempt, null, null from later
    ) taken
    cross join clock
    returning id, flow, attempt, started_at
)
select id, flow, attempt, (started_at is not null)::integer as was, 4 as became, (
    select lane
    from (select lane from ran union all select lane from due union all select lane from later) taken
) as lane, (
    select pg_notify(w.channel::text, 'cancel ' || ran.id)::text
    from ran
    join millrace.worker w on w.id = ran.worker
    where w.channel is not null
) as told
from ended
