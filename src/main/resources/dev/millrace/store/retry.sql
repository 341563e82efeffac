-- retry: appends an event that has ended again, as the fresh event :fresh; nothing if it is not there or has not ended. Said
-- again with the same id it changes nothing. A deadline that has passed is left out. Locks the original against clean-up.
with original as materialized (
    select e.*, l.id as lane, clock.moment
    from (select clock_timestamp() as moment) clock
    cross join lateral (
        select id
        from millrace.outcome
        where id = :id
        offset 0 -- by the id alone: any plan that begins with the flow reads all that it has
        for key share
    ) o
    cross join lateral (select * from millrace.event where id = o.id offset 0) e
    join millrace.lane l on l.flow = e.flow and l.type = e.type
    where e.flow = :flow
), marked as (
    insert into millrace.retried (original, event)
    select id, :fresh from original
    on conflict on constraint retried_pkey do update set event = excluded.event, created_at = excluded.created_at
), stored as (
    insert into millrace.event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    select :fresh, flow, type, payload, millrace.fresh_metadata(id, created_at, metadata), extract(epoch from moment), timeout,
        case when deadline > moment then deadline end, streaming, moment
    from original
    on conflict on constraint event_pkey do nothing
    returning id, priority
), due as (
    insert into millrace.ready (id, priority, lane, flow)
    select s.id, s.priority, o.lane, o.flow
    from stored s
    cross join original o
)
select id from original
