-- page_running: the processing progression after a place in it, in order of claim. Reads only; running is small.
select e.*, 1 as status, r.attempt, r.claimed_at as started_at, null::timestamptz as finished_at,
    null::float8 as duration, null::text as response, null::text as error, null::boolean as retryable,
    null::float8 as waiting_priority, null::integer as denials, null::timestamptz as due_at,
    r.claimed_at as place_major, r.position as place_minor
from (
    select *
    from millrace.running
    where flow = :flow and (claimed_at, position) > (:major::timestamptz, :minor)
    order by claimed_at, position
    limit :limit
) r
cross join lateral (
    select id, created_at, type, payload::text as payload, metadata::text as metadata, priority, timeout, deadline, streaming,
        (select max_crashes::integer from millrace.event_option o where o.event = event.id) as max_crashes
    from millrace.event
    where id = r.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) e
order by r.claimed_at, r.position
