-- session: the process that answers. Reads only.
select pg_backend_pid()
