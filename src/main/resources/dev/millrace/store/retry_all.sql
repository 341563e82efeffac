-- retry_all: looks at the next :window events that ended in a status, after :after and up to :last, and appends those of them
-- that fit again, in their order, at most :most, each once for ever. Says how many it looked at, to which place it came, and
-- how many it appended. Another who does the same waits for it here, then finds them marked. Locks the originals against
-- clean-up. Deadlines that have passed are left out.
with seen as materialized (
    select id, position, finished_at, retryable, error
    from millrace.outcome
    where flow = :flow and status = :status and position > :after and position <= :last
    order by position
    limit :window
    for key share
), picked as materialized (
    select seen.position, e.*, l.id as lane
    from seen
    join millrace.event e on e.id = seen.id
    join millrace.lane l on l.flow = e.flow and l.type = e.type
    where (cardinality(:types::text[]) = 0 or e.type = any (:types::text[]))
        and (:retryable::boolean is null or seen.retryable is not distinct from :retryable::boolean)
        and (:since::timestamptz is null or seen.finished_at >= :since::timestamptz)
        and (:until::timestamptz is null or seen.finished_at < :until::timestamptz)
        and (:error::text is null
            or strpos(lower(concat(seen.error ->> 'error', ': ', seen.error ->> 'message')), lower(:error::text)) > 0)
        and not exists (select from millrace.retried r where r.original = e.id)
    order by seen.position
    limit :most
), marked as (
    insert into millrace.retried (original, event)
    select id, millrace.uuid_v7()
    from picked
    order by position -- one order for all: no deadlock
    on conflict on constraint retried_pkey do nothing
    returning original, event
), fresh as materialized (
    select m.event, p.*, clock.moment
    from marked m
    join picked p on p.id = m.original
    cross join (select clock_timestamp() as moment) clock
), stored as (
    insert into millrace.event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    select event, flow, type, payload, millrace.fresh_metadata(id, created_at, metadata), extract(epoch from moment), timeout,
        case when deadline > moment then deadline end, streaming, moment
    from fresh
), due as (
    insert into millrace.ready (id, priority, lane, flow)
    select event, extract(epoch from moment), lane, flow
    from fresh
    order by position
)
select count(*)::integer as seen, max(position) as place, (select count(*) from marked)::integer as appended
from seen
