-- page_outcome: a terminal progression after a place in it, in order of arrival. Reads only; uses outcome_progression.
select e.id, e.created_at, e.type, e.payload::text as payload, e.metadata::text as metadata, e.priority, e.timeout,
    e.deadline, e.streaming, o.status, o.attempt, o.started_at, o.finished_at, o.duration,
    o.response::text as response, o.error::text as error, o.retryable,
    o.position as place_minor
from millrace.outcome o
join millrace.event e on e.id = o.id
where o.flow = :flow and o.status = :status and o.position > :minor
order by o.position
limit :limit
