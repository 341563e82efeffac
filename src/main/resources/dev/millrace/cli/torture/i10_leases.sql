-- i10_leases: leases taken while they held, given twice, or not by the database's clock; runs that overlap without cause.
with term as (
    select current_setting('torture.lease')::interval as length
), taken as (
    select d.id, d.at, max(l.at) as renewed
    from torture.lease d
    join torture.lease l on l.id = d.id and l.seq < d.seq
    where d.what = 'd' and exists (select from attempt a where a.worker = d.id and a.reason = 'lost')
    group by d.id, d.at
)
select 'worker ' || id || ' lost its work ' || (at - renewed) || ' after a renewal'
from taken, term
where at - renewed < term.length / 2
union all
select 'worker ' || id || ' registered ' || count(*) || ' times'
from torture.lease
where what = 'i'
group by id
having count(*) > 1
union all
select 'worker ' || id || ' has a lease of ' || (expires_at - at) || ' by the database''s clock'
from torture.lease, term
where what in ('i', 'u')
    and (expires_at - at > term.length + interval '50 ms' or expires_at - at < interval '-5 s')
union all
select older.id || ' attempt ' || newer.attempt || ' ran while attempt ' || older.attempt || ' did, which was not lost'
from torture.run_line older
join torture.run_line newer on newer.id = older.id and newer.attempt > older.attempt and newer.said = 'S'
where older.said = 'E' and newer.nanos < older.nanos
    and not exists (
        select from attempt a
        where a.event = older.id and a.attempt = older.attempt and a.reason in ('lost', 'shutdown'))
