-- clean_up_keys: removes unique keys of a flow whose period is over, up to :batch. Skips rows that somebody is taking over.
with gone as (
    delete from millrace.unique_key
    where ctid = any (array(
        select ctid
        from millrace.unique_key
        where flow = :flow and expires_at <= statement_timestamp()
        order by expires_at -- by the index of periods, whatever the table's size was when this was planned
        limit :batch
        for update skip locked
    ))
    returning 1
)
select count(*)::integer from gone
