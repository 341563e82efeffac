-- worker_find: whether a worker is registered. Reads only.
select exists (select from millrace.worker where id = :id)
