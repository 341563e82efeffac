-- sessions: the most sessions that one worker process has at the server, and that process. Reads only, and no table of the product,
-- so it answers while those are locked.
select application_name, count(*) as sessions
from pg_stat_activity
where application_name like 'worker-%'
group by application_name
order by sessions desc
limit 1
