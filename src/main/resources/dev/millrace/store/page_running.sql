-- page_running: the processing progression after a place in it, in order of claim. Reads only; running is small.
select e.id, e.created_at, e.type, e.payload::text as payload, e.metadata::text as metadata, e.priority, e.timeout,
    e.deadline, e.streaming, 1 as status, r.attempt, r.claimed_at as started_at, null::timestamptz as finished_at,
    null::float8 as duration, null::text as response, null::text as error, null::boolean as retryable,
    r.claimed_at as place_major, r.position as place_minor
from millrace.running r
join millrace.event e on e.id = r.id
where r.flow = :flow and (r.claimed_at, r.position) > (:major::timestamptz, :minor)
order by r.claimed_at, r.position
limit :limit
