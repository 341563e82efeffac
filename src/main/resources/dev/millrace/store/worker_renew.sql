-- worker_renew: prolongs a lease from now by the database's clock. Changes nothing once the registration is gone: then
-- the worker has been taken for dead; and nothing if the registration's last renewal is older than the last one that the
-- worker heard of: then the database lost what it had acknowledged, in a failover or a restore. A renewal that comes more than
-- half a lease after the last one ends the time that the worker has been steady, and so does one that comes before the last one:
-- the database's clock was set back, and leases from before that last too long. Says also whether it hears notifications now,
-- which lanes its executors run, and whether it has been asked to stop. Locks the registration, against a rescue.
update millrace.worker
set steady_since = case
        when clock.now - heartbeat_at > clock.lease / 2 or clock.now < heartbeat_at then clock.now
        else steady_since
    end,
    heartbeat_at = clock.now,
    expires_at = clock.now + clock.lease,
    listening = :listening,
    lanes = :lanes::integer[],
    stopping_at = case when :stopping then coalesce(stopping_at, clock.now) else stopping_at end
from (select clock_timestamp() as now, make_interval(secs => :lease) as lease) clock
where id = :id and heartbeat_at >= :seen::timestamptz
returning heartbeat_at, millrace.timeline() as timeline
