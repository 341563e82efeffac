-- r3_suspects_alone: workers that held two events at a time that each had a death on them.
with held as (
    select c.worker, c.id, c.seq as since, coalesce((
            select min(g.seq) from torture.move g
            where g.id = c.id and g.worker = c.worker and g.attempt = c.attempt and g.what = 'g' and g.seq > c.seq),
        9223372036854775807) as until
    from torture.move c
    where c.what = 'c' and c.deaths > 0
), ordered as (
    select *, max(until) over (partition by worker order by since rows between unbounded preceding and 1 preceding) as busy_until
    from held
)
select 'worker ' || worker || ' held suspect ' || id || ' beside another'
from ordered
where busy_until > since
