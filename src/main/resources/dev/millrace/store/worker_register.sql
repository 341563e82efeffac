-- worker_register: a process introduces itself, and says on which channel it may be listening and which lanes its executors
-- run; its lease runs from now by the database's clock, and all its times are this moment.
insert into millrace.worker (id, host, pid, version, channel, lanes, started_at, heartbeat_at, steady_since, expires_at)
select :id, :host, :pid, :version, :channel, :lanes::integer[], moment, moment, moment, moment + make_interval(secs => :lease)
from (select clock_timestamp() as moment) clock
