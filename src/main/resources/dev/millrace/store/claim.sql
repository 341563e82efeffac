-- claim: hands up to :batch due events of one lane to one worker, best priority first, then in order of append; only
-- those above a floor, which may be below everything. Nothing of a paused flow: one that was paused before this began.
-- Locks the rows it takes; rows that another worker is taking are skipped, not waited for.
with next as materialized (
    select ctid
    from millrace.ready
    where lane = :lane and (priority, position) > (:floor_priority, :floor_position)
        -- suspects only one at a time, also if this worker does not know of the one: its answer was lost, or is on its way
        and not exists (select from millrace.flow where id = :flow and paused_at is not null) -- looked at once, not for each row
        and (:lane > 0 or not exists (select from millrace.running where worker = :worker and lane < 0))
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
select c.id, c.claimed_at, c.priority, c.position, c.attempt, c.failures, c.denials, c.deaths, e.*
from claimed c
cross join lateral (
    select type,
        case -- a large one is asked for when there is memory for it; neither function reads what is stored apart
            when pg_column_size(payload) <= case when pg_column_compression(payload) is null then :inline else :compressed end
            then payload::text
        end as payload,
        metadata::text, priority, timeout, deadline, streaming, created_at,
        coalesce(deadline <= c.claimed_at, false) as expired
    from millrace.event
    where id = c.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) e
order by c.priority, c.position
