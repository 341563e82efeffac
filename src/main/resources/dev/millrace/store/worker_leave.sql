-- worker_leave: a process that holds nothing any more says goodbye.
delete from millrace.worker
where id = :id and not exists (select 1 from millrace.running where worker = :id)
