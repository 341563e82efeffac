-- page_ready: the due part of the pending progression after a place in it, in the order it will be claimed. Reads only.
select e.*, 0 as status, head.attempt, null::timestamptz as started_at, null::timestamptz as finished_at,
    null::float8 as duration, null::text as response, null::text as error, null::boolean as retryable,
    head.priority as waiting_priority, head.denials, null::timestamptz as due_at,
    head.priority as place_major, head.position as place_minor
from (
    select r.*
    from millrace.lane l
    cross join (values (1), (-1)) as side (sign) -- events with a death on them queue under the negated number
    cross join lateral (
        select *
        from millrace.ready
        where lane = l.id * side.sign and (priority, position) > (:major::float8, :minor)
        order by priority, position
        limit :limit
    ) r
    where l.flow = :flow
    order by r.priority, r.position
    limit :limit
) head
cross join lateral (
    select id, created_at, type, payload::text as payload, metadata::text as metadata, priority, timeout, deadline, streaming,
        (select max_crashes::integer from millrace.event_option o where o.event = event.id) as max_crashes
    from millrace.event
    where id = head.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) e
order by head.priority, head.position
