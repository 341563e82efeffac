-- clean_up: removes settled events for good, up to :batch, with their attempts, chunks and the like; their places in users'
-- progressions go by foreign key. Running and pending events are in other tables and cannot be touched.
with gone as (
    delete from millrace.outcome
    where ctid = any (array(
        select ctid
        from millrace.outcome
        where flow = :flow and status = any (:statuses::smallint[])
        limit :batch
        for update skip locked
    ))
    returning id
), events as (
    delete from millrace.event where id = any (array(select id from gone)) -- no join: that might read the whole table
), attempts as (
    delete from millrace.attempt where event = any (array(select id from gone))
), chunks as (
    delete from millrace.chunk where event = any (array(select id from gone))
), words as (
    delete from millrace.progress where event = any (array(select id from gone))
), marks as (
    delete from millrace.retried where original = any (array(select id from gone))
), deadlines as (
    delete from millrace.expiry where event = any (array(select id from gone))
), keys as (
    delete from millrace.unique_key where event = any (array(select id from gone)) and scope < 2 -- others outlive their event
)
select count(*) from gone
