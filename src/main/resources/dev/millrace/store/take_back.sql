-- take_back: returns what one worker, known to be gone, still holds to ready, with its attempt number kept, and says so in
-- attempt. Its registration goes too. No death is counted: whoever says so knows why it is gone. Locks that worker's rows. A row
-- whose event is not there, or has ended, goes for good, as in forgotten.
with gone as (
    delete from millrace.worker where id = :id
), held as (
    delete from millrace.running
    where worker = :id
    returning *
), real as materialized (
    select held.*
    from held
    where exists (select from millrace.event e where e.id = held.id) and not exists (select from millrace.outcome o where o.id = held.id)
), noted as (
    insert into millrace.attempt (event, worker, started_at, attempt, reason)
    select id, worker, claimed_at, attempt, 'lost'
    from real
    on conflict on constraint attempt_pkey do nothing
), due as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, priority, position, lane, flow, attempt, failures, denials, deaths
    from real
    on conflict on constraint ready_pkey do nothing
)
select count(*) from held
