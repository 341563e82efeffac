-- attempts: every claim of an event in order, with how it ended: those that did not settle it, the one that did, and the one
-- that runs. A claim whose worker died and whose event was aborted for that is one. Reads only.
select attempt, result, worker, started_at, finished_at, duration, error::text as error
from millrace.attempts(:id)
where exists (select from millrace.event where id = :id and flow = :flow)
order by attempt
