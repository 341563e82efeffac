-- permission_errors: how often the permission check of each event has gone wrong since it last gave an answer. Reads only.
select a.event as id, count(*) as n
from millrace.attempt a
where a.event = any (:ids::uuid[]) and a.reason = 'permission-error' and a.attempt > coalesce((
    select max(b.attempt)
    from millrace.attempt b
    where b.event = a.event and b.reason in ('denied', 'wait', 'retry', 'snooze', 'cancelled')
), 0)
group by a.event
