-- sleeper_withdraw: a worker no longer waits to be notified of a flow's events.
delete from millrace.sleeper where flow = :flow and worker = :worker
