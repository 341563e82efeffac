-- claim: hands up to :batch due events of one lane to one worker, best priority first, then in order of append.
-- Locks the rows it takes; rows that another worker is taking are skipped, not waited for.
with next as materialized (
    select ctid
    from millrace.ready
    where lane = :lane
    order by priority, position
    limit :batch
    for update skip locked
), taken as (
    delete from millrace.ready
    where ctid = any (array(select ctid from next)) -- ctid is stable here: the rows are locked
    returning *
), claimed as (
    insert into millrace.running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, :worker, clock_timestamp(), priority, position, lane, flow,
        attempt + 1, -- the fencing token: only ever grows, and settle matches on it
        failures, denials, deaths
    from taken
    returning *
)
select c.id, c.claimed_at, c.priority as current_priority, c.attempt, c.failures, c.denials, c.deaths,
    e.type, e.payload::text as payload, e.metadata::text as metadata, e.priority, e.timeout, e.deadline, e.streaming, e.created_at,
    coalesce(e.deadline <= c.claimed_at, false) as expired
from claimed c
join millrace.event e on e.id = c.id
order by c.priority, c.position
