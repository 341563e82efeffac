-- sleeper_withdraw: a worker no longer waits to be notified of the events of these flows.
delete from millrace.sleeper where worker = :worker and flow = any (:flows::integer[])
