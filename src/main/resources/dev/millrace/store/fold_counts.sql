-- fold_counts: adds deltas up into status_count, up to :batch of them. Skips deltas another folder is adding.
with gone as (
    delete from millrace.status_delta
    where ctid = any (array(select ctid from millrace.status_delta limit :batch for update skip locked))
    returning flow, status, n
), folded as (
    insert into millrace.status_count as c (flow, status, n)
    select flow, status, sum(n)
    from gone
    group by flow, status
    order by flow, status -- one order for all folders: no deadlock
    on conflict on constraint status_count_pkey do update set n = c.n + excluded.n
)
select count(*) from gone
