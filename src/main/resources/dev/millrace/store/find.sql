-- find: events by id with how they are doing, in one snapshot. Reads only.
select e.id, e.created_at, e.type, e.payload::text as payload, e.metadata::text as metadata, e.priority, e.timeout,
    e.deadline, e.streaming,
    case when o.id is not null then o.status when r.id is not null then 1 else 0 end as status,
    coalesce(o.attempt, r.attempt, y.attempt, s.attempt, 0) as attempt,
    coalesce(o.started_at, r.claimed_at) as started_at, o.finished_at, o.duration,
    o.response::text as response, o.error::text as error, o.retryable
from millrace.event e
left join millrace.outcome o on o.id = e.id
left join millrace.running r on r.id = e.id
left join millrace.ready y on y.id = e.id
left join millrace.scheduled s on s.id = e.id
where e.id = any (:ids::uuid[]) and e.flow = :flow
