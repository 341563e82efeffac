-- worker_register: a process introduces itself; its lease runs from now by the database's clock.
insert into millrace.worker (id, host, pid, version, expires_at)
values (:id, :host, :pid, :version, clock_timestamp() + make_interval(secs => :lease))
