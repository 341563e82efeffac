-- page_scheduled: the part of the pending progression that is not due yet, after a place in it. Reads only.
select e.id, e.created_at, e.type, e.payload::text as payload, e.metadata::text as metadata, e.priority, e.timeout,
    e.deadline, e.streaming, 0 as status, s.attempt, null::timestamptz as started_at, null::timestamptz as finished_at,
    null::float8 as duration, null::text as response, null::text as error, null::boolean as retryable,
    s.run_at as place_major, s.position as place_minor
from millrace.scheduled s
join millrace.event e on e.id = s.id
where s.flow = :flow and (s.run_at, s.position) > (:major::timestamptz, :minor)
order by s.run_at, s.position
limit :limit
