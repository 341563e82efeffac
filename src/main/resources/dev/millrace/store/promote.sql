-- promote: moves what has become due to ready, up to :batch rows. Skips rows another promoter is moving.
with next as materialized (
    select ctid
    from millrace.scheduled
    where run_at <= clock_timestamp()
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
)
select flow, count(*) as n from taken group by flow
