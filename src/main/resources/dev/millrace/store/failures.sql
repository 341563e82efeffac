-- failures: what ended without success, the newest first, before a place in that order. Reads only; uses outcome_unsuccessful.
select e.*, o.status, o.attempt, o.started_at, o.finished_at, o.duration,
    o.response::text as response, o.error::text as error, o.retryable,
    null::float8 as waiting_priority, null::integer as denials, null::timestamptz as due_at,
    o.finished_at as place_major, o.position as place_minor
from (
    select n.*
    from unnest(:statuses::smallint[]) as s (code)
    cross join lateral (
        select f.*
        from millrace.outcome f
        where f.flow = :flow and f.status = s.code and f.status > 2
            and f.finished_at >= coalesce(:since::timestamptz, '-infinity')
            and f.finished_at < coalesce(:until::timestamptz, 'infinity')
            and (:retryable::boolean is null or f.retryable is not distinct from :retryable::boolean)
            and (:error::text is null
                or strpos(lower(concat(f.error ->> 'error', ': ', f.error ->> 'message')), lower(:error::text)) > 0)
            and case when cardinality(:types::text[]) = 0 then true
                else (select e.type = any (:types::text[]) from millrace.event e where e.id = f.id) end
            and (f.finished_at, f.position) < (:major::timestamptz, :minor)
        order by f.finished_at desc, f.position desc
        limit :limit
    ) n
    order by n.finished_at desc, n.position desc
    limit :limit
) o
cross join lateral (
    select id, created_at, type, payload::text as payload, metadata::text as metadata, priority, timeout, deadline, streaming,
        (select max_crashes::integer from millrace.event_option o where o.event = event.id) as max_crashes
    from millrace.event
    where id = o.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) e
order by o.finished_at desc, o.position desc
