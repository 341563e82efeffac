-- find: events by id with how they are doing, in one snapshot. Reads only.
select e.*,
    case when o.attempt is not null then o.status when r.attempt is not null then 1 else 0 end as status,
    coalesce(o.attempt, r.attempt, y.attempt, s.attempt, 0) as attempt,
    coalesce(o.started_at, r.claimed_at) as started_at, o.finished_at, o.duration,
    o.response::text as response, o.error::text as error, o.retryable,
    coalesce(y.priority, s.priority) as waiting_priority, coalesce(y.denials, s.denials) as denials, s.run_at as due_at
from (select distinct id from unnest(:ids::uuid[]) as given (id)) known
cross join lateral (
    select id, created_at, type, payload::text as payload, metadata::text as metadata, priority, timeout, deadline, streaming,
        (select max_crashes::integer from millrace.event_option o where o.event = event.id) as max_crashes
    from millrace.event
    where id = known.id and flow = :flow
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) e
left join lateral (select * from millrace.outcome where id = known.id offset 0) o on true
left join lateral (select * from millrace.running where id = known.id offset 0) r on true
left join lateral (select * from millrace.ready where id = known.id offset 0) y on true
left join lateral (select * from millrace.scheduled where id = known.id offset 0) s on true
