-- i15_no_orphan: claims and registrations that are left when all workers have ended.
select id || ' is still held by ' || worker from running
union all
select 'worker ' || id || ' is still registered' from worker
