-- claim_one: hands one pending event to one worker; one that is not due, by :now or the
-- database's clock, only if :early. Nothing of a paused flow.
-- Waits for a claim of the same event that is under way, then finds nothing.
with paused as materialized (
    select from millrace.flow where id = :flow and paused_at is not null
), due as (
    delete from millrace.ready
    where ctid = (
        select ctid
        from (select ctid, flow, lane from millrace.ready where id = :id offset 0) found -- by nothing but its id
        where flow = :flow and lane = any (:lanes::integer[]) and not exists (select from paused)
    )
    returning id, priority, position, lane, flow, attempt, failures, denials, deaths
), later as (
    delete from millrace.scheduled
    where ctid = (
        select ctid
        from (select ctid, flow, lane, run_at from millrace.scheduled where id = :id offset 0) found
        where flow = :flow and lane = any (:lanes::integer[]) and not exists (select from paused)
            and (:early or run_at <= coalesce(:now::timestamptz, clock_timestamp()))
    )
    returning id, priority, position, lane, flow, attempt, failures, denials, deaths
), taken as (
    select * from due union all select * from later
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
