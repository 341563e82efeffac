-- i11_attempts: attempts that are not 1 to n without a gap, have no end or two, or ran without a claim.
select id || ' has ' || count(*) || ' claims and attempt ' || max(attempt)
from torture.move
where what = 'c'
group by id
having count(*) <> max(attempt) or count(distinct attempt) <> count(*)
union all
select c.id || ' attempt ' || c.attempt || ' has ' || case when a.event is null then 'no end' else 'two ends' end
from torture.move c
left join attempt a on a.event = c.id and a.attempt = c.attempt
left join outcome o on o.id = c.id and o.attempt = c.attempt and o.started_at is not null -- else it was ended while pending
where c.what = 'c'
    and ((a.event is null and o.id is null) -- an abort for deaths is an end of the event beside that of its attempt
        or (a.event is not null and o.id is not null and not (a.reason = 'lost' and o.status = 6)))
union all
select r.id || ' attempt ' || r.attempt || ' ran and was never claimed'
from torture.run_line r
where r.said = 'S' and not exists (
    select from torture.move c where c.id = r.id and c.attempt = r.attempt and c.what = 'c')
union all
select id || ' attempt ' || attempt || ' ran ' || count(*) || ' times'
from torture.run_line
where said = 'S'
group by id, attempt
having count(*) > 1
