-- undecodable: how often, and for how many seconds, no worker has been able to read the payload of each event, since one last did.
-- Reads only.
select a.event as id, count(*)::integer as n, extract(epoch from clock_timestamp() - min(a.started_at))::float8 as seconds
from millrace.attempt a
where a.event = any (:ids::uuid[]) and a.reason = 'undecodable'
    and not exists (
        select
        from millrace.attempt r
        where r.event = a.event and r.attempt > a.attempt
            and r.reason in ('retry', 'denied', 'wait', 'permission-error', 'snooze', 'cancelled')
    )
group by a.event
