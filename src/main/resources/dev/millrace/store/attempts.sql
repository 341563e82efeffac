-- attempts: every claim of an event in order, with how it ended: those that did not settle it, the one that did, and the one
-- that runs. A claim whose worker died and whose event was aborted for that is one. Reads only.
select attempt, reason as result, worker, started_at, finished_at, duration, error::text as error
from millrace.attempt
where event = :id and exists (select from millrace.event where id = :id and flow = :flow)
union all
select attempt, millrace.status_name(status), worker, started_at, finished_at, duration, nullif(error, 'null')::text
from millrace.outcome o
where id = :id and flow = :flow and started_at is not null -- else it was never claimed, or had gone back before it was ended
    and not exists (select from millrace.attempt a where a.event = o.id and a.attempt = o.attempt)
union all
select attempt, 'processing', worker, claimed_at, null, null, null
from millrace.running
where id = :id and flow = :flow
order by attempt
