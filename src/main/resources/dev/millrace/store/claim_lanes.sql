-- claim_lanes: as claim, for a worker that knows several types. The heads of all lanes are merged first, without locks,
-- to see how many each lane has among the best :batch; then each lane's share is locked. So no lane's rows are locked
-- in vain, and a single claimer gets the exact order; rows that another worker is taking are skipped.
with share as materialized (
    select lane, count(*) as n
    from (
        select head.lane
        from (
            select lane
            from unnest(:lanes::integer[]) as given (lane)
            where not exists (select from millrace.flow where id = :flow and paused_at is not null) -- as in claim
                and (lane > 0 or not exists (select from millrace.running where worker = :worker and lane < 0))
        ) known
        cross join lateral (
            select lane, priority, position
            from millrace.ready
            where lane = known.lane
            order by priority, position
            limit :batch
        ) head
        order by head.priority, head.position
        limit :batch
    ) best
    group by lane
), next as materialized (
    select picked.ctid
    from share
    cross join lateral (
        select ctid
        from millrace.ready
        where lane = share.lane
        order by priority, position
        limit share.n
        for update skip locked
    ) picked
), taken as (
    delete from millrace.ready
    where ctid = any (array(select ctid from next)) -- ctid is stable here: the rows are locked
    returning *
), claimed as (
    insert into millrace.running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, :worker, clock_timestamp(), priority, position, lane, flow, attempt + 1, failures, denials, deaths
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
