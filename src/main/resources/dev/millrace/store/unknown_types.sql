-- unknown_types: what is due in these flows, unless they are paused, of types that are not of these lanes: how many events (10000:
-- at least so many), since when the oldest waits, how many live workers know the type, and whether a live worker does not say
-- what it knows, because its library is older. Reads only.
select f.name as flow, l.type, head.due, head.since, (
    select count(*)
    from millrace.worker w
    where l.id = any (w.lanes) and millrace.is_alive(w.expires_at)
) as workers, exists (
    select from millrace.worker w where w.lanes is null and millrace.is_alive(w.expires_at)
) as unsure
from millrace.lane l
join millrace.flow f on f.id = l.flow
cross join lateral millrace.due_in(l.id) head
where l.flow = any (:flows::integer[]) and l.id <> all (:lanes::integer[]) and f.paused_at is null and head.due > 0
order by f.name, l.type
