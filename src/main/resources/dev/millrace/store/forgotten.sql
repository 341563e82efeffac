-- forgotten: returns claims of a worker that it does not know of to ready: they were committed, but the answer was lost.
-- Fenced by the worker itself, which says what it does know. Nobody died, so no death is counted. A row whose event is not there, or has
-- ended, goes for good: plain SQL has put it into the queue, and no claim of it could ever be answered or settled.
with held as (
    delete from millrace.running
    where worker = :worker and not (id = any (:known::uuid[]))
    returning *
), real as materialized (
    select held.*
    from held
    where exists (select from millrace.event e where e.id = held.id) and not exists (select from millrace.outcome o where o.id = held.id)
), noted as (
    insert into millrace.attempt (event, worker, started_at, attempt, reason)
    select id, worker, claimed_at, attempt, 'shutdown'
    from real
    on conflict on constraint attempt_pkey do nothing -- plain SQL may have queued the event with another attempt number
), due as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, priority, position, lane, flow, attempt, failures, denials, deaths
    from real
    on conflict on constraint ready_pkey do nothing
)
select count(*) from held
