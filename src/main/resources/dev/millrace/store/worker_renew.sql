-- worker_renew: prolongs a lease from now by the database's clock. Changes nothing once the registration is gone: then
-- the worker has been taken for dead. Locks the registration, against a rescue.
update millrace.worker
set heartbeat_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(secs => :lease)
where id = :id
