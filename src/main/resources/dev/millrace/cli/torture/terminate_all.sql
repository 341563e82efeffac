-- terminate_all: ends every client's session but the harness's own.
select count(pg_terminate_backend(pid))
from pg_stat_activity
where backend_type = 'client backend' and datname = current_database() and application_name <> 'torture'
