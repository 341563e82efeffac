-- i02_no_phantom: events that nobody tried to append, or whose transaction was rolled back, or that were appended again more
-- often than somebody tried to. All that have failed, which the nil id stands for, are appended again once each.
with stranger as (
    select e.id, (e.metadata #>> '{original,id}')::uuid as original
    from event e
    where not exists (select from torture.append_line a where a.id = e.id and a.said = 'T')
)
select id || ' was never appended' from stranger where original is null
union all
select s.original || ' was appended again ' || count(*) || ' times, and that was tried ' || tries.n || ' times'
from stranger s
cross join lateral (
    select (select count(*) from torture.append_line a where a.id = s.original and a.said = 'Y')
        + (exists (select from torture.append_line a where a.id = '00000000-0000-0000-0000-000000000000' and a.said = 'Y'))::integer as n
) tries
where s.original is not null
group by s.original, tries.n
having count(*) > tries.n
union all
select e.id || ' is there though it was rolled back'
from event e
where exists (select from torture.append_line a where a.id = e.id and a.said = 'R')
