-- permission_errors: how often the permission check of each event went wrong. Reads only.
select event as id, count(*) as n
from millrace.attempt
where event = any (:ids::uuid[]) and reason = 'permission-error'
group by event
