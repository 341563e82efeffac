-- page_scheduled: the part of the pending progression that is not due yet, after a place in it. Reads only.
select e.*, 0 as status, s.attempt, null::timestamptz as started_at, null::timestamptz as finished_at,
    null::float8 as duration, null::text as response, null::text as error, null::boolean as retryable,
    s.priority as waiting_priority, s.denials, s.run_at as due_at,
    s.run_at as place_major, s.position as place_minor
from (
    select *
    from millrace.scheduled
    where flow = :flow and (run_at, position) > (:major::timestamptz, :minor)
    order by run_at, position
    limit :limit
) s
cross join lateral (
    select id, created_at, type, payload::text as payload, metadata::text as metadata, priority, timeout, deadline, streaming,
        (select max_crashes::integer from millrace.event_option o where o.event = event.id) as max_crashes
    from millrace.event
    where id = s.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) e
order by s.run_at, s.position
