-- observe_seldom: what must hold in every snapshot and takes looking at everything. Reads only. Each column counts violations.
with here as materialized (
    select id, 'r'::"char" as what from ready
    union all
    select id, 's'::"char" from scheduled
    union all
    select id, 'c'::"char" from running
    union all
    select id, 'o'::"char" from outcome
), moved as materialized (
    select distinct on (id) id, what
    from torture.move
    where what in ('r', 's', 'c', 'o')
    order by id, seq desc
), counted as materialized (
    select status, sum(n) as n
    from (select status, n from status_count union all select status, n from status_delta) parts
    group by status
), ended as materialized (
    select status, count(*) as n from outcome group by status
)
select
    (select count(*) from event full join here using (id) where event.id is null or here.id is null)
        + (select count(*) - count(distinct id) from here) as i06_not_in_one_table,
    (select count(*) from counted full join ended using (status)
        where status between 2 and 6 and coalesce(counted.n, 0) <> coalesce(ended.n, 0)) as i07_counts,
    (select count(*) from here full join moved using (id) where here.what is distinct from moved.what) as i18_not_as_audited
