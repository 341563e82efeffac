-- worker_register: a process introduces itself, and says on which channel it may be listening; its lease runs from now by the database's clock.
insert into millrace.worker (id, host, pid, version, channel, expires_at)
values (:id, :host, :pid, :version, :channel, clock_timestamp() + make_interval(secs => :lease))
