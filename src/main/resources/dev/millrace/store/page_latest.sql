-- page_latest: a terminal progression before a place in it, the newest first. Reads only; uses outcome_progression.
select e.*, o.status, o.attempt, o.started_at, o.finished_at, o.duration,
    o.response::text as response, o.error::text as error, o.retryable,
    null::float8 as waiting_priority, null::integer as denials, null::timestamptz as due_at,
    o.position as place_minor
from (
    select *
    from millrace.outcome
    where flow = :flow and status = :status and position < :minor
    order by position desc
    limit :limit
) o
cross join lateral (
    select id, created_at, type, payload::text as payload, metadata::text as metadata, priority, timeout, deadline, streaming,
        (select max_crashes::integer from millrace.event_option o where o.event = event.id) as max_crashes
    from millrace.event
    where id = o.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) e
order by o.position desc
