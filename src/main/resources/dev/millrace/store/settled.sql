-- settled: which of these events have ended. Reads only.
select id from millrace.outcome where id = any (:ids::uuid[])
