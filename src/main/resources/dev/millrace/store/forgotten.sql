-- forgotten: returns claims of a worker that it does not know of to ready: they were committed, but the answer was lost.
-- Fenced by the worker itself, which says what it does know. Nobody died, so no death is counted.
with held as (
    delete from millrace.running
    where worker = :worker and not (id = any (:known::uuid[]))
    returning *
), noted as (
    insert into millrace.attempt (event, worker, started_at, attempt, reason)
    select id, worker, claimed_at, attempt, 'shutdown'
    from held
), due as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, priority, position, lane, flow, attempt, failures, denials, deaths
    from held
)
select count(*) from held
