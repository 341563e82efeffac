-- rescue: takes what a worker whose lease ran out still holds, and what is held by no registered worker at all, back to
-- ready; each has one more death on it and from now on queues as a suspect, under its lane's negated number. One with
-- too many, by its own word or else by :max_crashes, is aborted. A worker that had been asked to stop charges no death: to be
-- killed is how many of those end. Locks the expired registration, whose renewal then finds nothing, and the rows it moves;
-- the lease is judged by the database's clock, again under the lock. Does nothing unless the rescuer has renewed without a
-- gap for one whole lease (in seconds) and lately: after an outage everybody's lease has run out, and nobody's work must be
-- taken for that. Half a lease is late enough: who renews in time has two thirds of a lease left at any moment. That is
-- looked at again, by a later moment, when rows are moved; what is locked, because its settlement is under way, is not waited for, but found by a
-- later rescue if it is still there. A row whose event is not there, or has ended, goes for good, as in forgotten.
-- A renewal in the future was made before the database's clock was set back, and its lease would hold for so much longer. Once
-- the rescuer has been steady for the whole of that lease, which a clock set back ends, a worker that lives has renewed since.
-- Half of the rescuer's lease is the step that the rescuer may not have noticed.
with clock as materialized (
    select clock_timestamp() as moment
), rescuer as materialized (
    select id, steady_since, heartbeat_at + make_interval(secs => :lease) / 2 as trusted_until
    from millrace.worker
    cross join clock
    where id = :rescuer
        and heartbeat_at > moment - make_interval(secs => :lease) / 2
        and steady_since <= moment - make_interval(secs => :lease)
        and heartbeat_at <= moment
), expired as materialized (
    select w.id
    from millrace.worker w
    cross join rescuer
    where (
            not millrace.is_alive(w.expires_at)
            or (w.heartbeat_at > clock_timestamp() + make_interval(secs => :lease) / 2
                and rescuer.steady_since <= clock_timestamp() - (w.expires_at - w.heartbeat_at))
        )
    order by w.expires_at
    limit 1
    for update of w skip locked
), gone as (
    delete from millrace.worker w
    using expired
    where w.id = expired.id
    returning w.id, w.stopping_at is not null as stopping
), found as materialized (
    select r.ctid
    from millrace.running r
    where exists (select from rescuer)
        and (r.worker in (select id from gone) or not exists (select from millrace.worker w where w.id = r.worker))
    for update skip locked
), lost as (
    delete from millrace.running
    where ctid = any (array( -- ctid is stable here: the rows are locked
        select ctid from found where clock_timestamp() < (select trusted_until from rescuer)
    ))
    returning *
), judged as materialized (
    select lost.*, died, deaths + died::integer as counted, died and deaths + 1 >= coalesce(o.max_crashes, :max_crashes) as too_many
    from lost
    cross join lateral (select not exists (select from gone where gone.id = lost.worker and stopping) as died) d
    left join millrace.event_option o on o.event = lost.id
    where exists (select from millrace.event e where e.id = lost.id) and not exists (select from millrace.outcome e where e.id = lost.id)
), noted as (
    insert into millrace.attempt (event, worker, started_at, finished_at, attempt, reason)
    select id, worker, claimed_at, moment, attempt, 'lost'
    from judged
    cross join clock
    on conflict on constraint attempt_pkey do nothing -- plain SQL may have queued the event with another attempt number
), aborted as (
    insert into millrace.outcome (id, worker, started_at, finished_at, flow, attempt, status, retryable, error)
    select id, worker, claimed_at, moment, flow, attempt, 6, false, jsonb_build_object(
        'error', 'WorkerDeath',
        'message', format('Event aborted after %s workers died or lost their lease while they held it', counted),
        'retryable', false)
    from judged
    cross join clock
    where too_many
), back as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, priority, position, case when died then -abs(lane) else lane end, flow, attempt, failures, denials, counted
    from judged
    where not too_many
    on conflict on constraint ready_pkey do nothing
)
select l.id, l.flow, l.lane, l.attempt, 1 as was, case when l.too_many then 6 else 0 end as became, found.workers
from (select count(*)::integer as workers from gone) found
left join judged l on true
