-- end_pending: moves one pending event, due or not, to cancelled or skipped without running it. Waits for a claim of the
-- same event that is under way, then finds nothing.
with due as (
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
), taken as (
    select * from due union all select * from later
), ended as (
    insert into millrace.outcome (id, flow, attempt, status, retryable, error)
    select id, flow, attempt, :status, false, :error::jsonb
    from taken
    returning id, flow, attempt, status
)
select id, flow, attempt, 0 as was, status as became, (select lane from taken) as lane
from ended
