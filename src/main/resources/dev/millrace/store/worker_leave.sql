-- worker_leave: a process says goodbye. What it still holds (claims whose answer it never got, answers that it could not
-- write) goes back to ready as it was, with the reason in attempt and without a death: whoever says goodbye did not die.
-- Locks the registration and its rows.
with gone as (
    delete from millrace.worker where id = :id
), held as (
    delete from millrace.running
    where worker = :id
    returning *
), noted as (
    insert into millrace.attempt (event, worker, started_at, attempt, reason)
    select id, worker, claimed_at, attempt, 'shutdown'
    from held
)
insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
select id, priority, position, lane, flow, attempt, failures, denials, deaths
from held
