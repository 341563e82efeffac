-- workers: who is registered. Reads only.
select id, host, pid from millrace.worker order by started_at
