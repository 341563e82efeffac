-- worker_renew: prolongs a lease from now by the database's clock. Changes nothing once the registration is gone: then
-- the worker has been taken for dead. A renewal that comes more than half a lease after the last one, or before
-- it since the clock was set back, ends the time that the worker has been steady. Says also whether it hears notifications now, which lanes its executors run, and whether it has
-- been asked to stop. Locks the registration, against a rescue.
update millrace.worker
set steady_since = case when clock.now - heartbeat_at between interval '0' and clock.lease / 2 then steady_since else clock.now end,
    heartbeat_at = clock.now,
    expires_at = clock.now + clock.lease,
    listening = :listening,
    lanes = :lanes::integer[],
    stopping_at = case when :stopping then coalesce(stopping_at, clock.now) else stopping_at end
from (select clock_timestamp() as now, make_interval(secs => :lease) as lease) clock
where id = :id
