-- claim_one: hands one pending event to one worker; one that is not due only if :early.
-- Waits for a claim of the same event that is under way, then finds nothing.
with due as (
    delete from millrace.ready
    where id = :id and flow = :flow and lane = any (:lanes::integer[])
    returning id, priority, position, lane, flow, attempt, failures, denials, deaths
), later as (
    delete from millrace.scheduled
    where id = :id and flow = :flow and lane = any (:lanes::integer[]) and (:early or run_at <= clock_timestamp())
    returning id, priority, position, lane, flow, attempt, failures, denials, deaths
), taken as (
    select * from due union all select * from later
), claimed as (
    insert into millrace.running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, :worker, clock_timestamp(), priority, position, lane, flow, attempt + 1, failures, denials, deaths
    from taken
    returning *
)
select c.id, c.claimed_at, c.priority as current_priority, c.attempt, c.failures, c.denials, c.deaths,
    e.type, e.payload::text as payload, e.metadata::text as metadata, e.priority, e.timeout, e.deadline, e.streaming, e.created_at,
    coalesce(e.deadline <= c.claimed_at, false) as expired
from claimed c
join millrace.event e on e.id = c.id
