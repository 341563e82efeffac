-- promote: moves what has become due to ready, up to :batch rows, and says how many of which flow. Skips rows another
-- promoter is moving. One more row, without a flow, says in how many seconds the next is due, and in how many the next deadline
-- passes; null if there is none. Judges by :now; null is the database's clock.
with next as materialized (
    select ctid
    from millrace.scheduled
    where run_at <= coalesce(:now::timestamptz, statement_timestamp()) -- clock_timestamp() is volatile: it cannot bound an index scan
    order by run_at
    limit :batch
    for update skip locked
), taken as (
    delete from millrace.scheduled
    where ctid = any (array(select ctid from next))
    returning id, priority, position, lane, flow, attempt, failures, denials, deaths
), moved as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, priority, position, lane, flow, attempt, failures, denials, deaths
    from taken
    on conflict on constraint ready_pkey do nothing -- plain SQL has put it there already
)
select flow, count(*)::integer as n, null::float8 as seconds, null::float8 as deadline from taken group by flow
union all
select null, 0, (
    select extract(epoch from run_at - coalesce(:now::timestamptz, clock_timestamp()))
    from millrace.scheduled
    where run_at > coalesce(:now::timestamptz, statement_timestamp())
    order by run_at
    limit 1
), (
    select extract(epoch from look_at - coalesce(:now::timestamptz, clock_timestamp()))
    from millrace.expiry
    order by look_at
    limit 1
)
