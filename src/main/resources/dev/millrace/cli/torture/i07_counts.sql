-- i07_counts: counts that are not what counting gives, at the end.
select 'status ' || status || ' is counted ' || coalesce(c.n, 0) || ', there are ' || coalesce(p.n, 0)
from (
    select status, sum(n) as n
    from (select status, n from status_count union all select status, n from status_delta) parts
    group by status
) c
full join (
    select 0::smallint as status, count(*) as n from ready
    union all
    select 7, count(*) from scheduled
    union all
    select 1, count(*) from running
    union all
    select status, count(*) from outcome group by status
) p using (status)
where coalesce(c.n, 0) <> coalesce(p.n, 0)
