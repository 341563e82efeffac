-- take_back: returns what one worker, known to be gone, still holds to ready, with its attempt number kept, and says so in
-- attempt. Its registration goes too. No death is counted: whoever says so knows why it is gone. Locks that worker's rows.
with gone as (
    delete from millrace.worker where id = :id
), held as (
    delete from millrace.running
    where worker = :id
    returning *
), noted as (
    insert into millrace.attempt (event, worker, started_at, attempt, reason)
    select id, worker, claimed_at, attempt, 'lost'
    from held
), due as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, priority, position, lane, flow, attempt, failures, denials, deaths
    from held
)
select count(*) from held
