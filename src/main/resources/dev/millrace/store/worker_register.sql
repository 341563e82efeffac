-- worker_register: a process introduces itself, and says on which channel it may be listening and which lanes its executors
-- run; its lease runs from now by the database's clock.
insert into millrace.worker (id, host, pid, version, channel, lanes, expires_at)
values (:id, :host, :pid, :version, :channel, :lanes::integer[], clock_timestamp() + make_interval(secs => :lease))
