-- i05_settled_once: events that ended twice, or not by their newest claim, or with another attempt's answer; or that ended
-- without a claim, but not as cancelled or skipped.
select id || ' ended ' || count(*) || ' times' from torture.move where what = 'o' group by id having count(*) > 1
union all
select o.id || ' was ended by attempt ' || o.attempt || ' of ' || c.attempt
from outcome o
join lateral (
    select m.attempt, m.worker, m.what from torture.move m where m.id = o.id and m.what in ('c', 'r', 's') order by m.seq desc limit 1
) c on true
where o.attempt <> c.attempt or o.worker is distinct from c.worker or (c.what <> 'c' and o.status not in (4, 5))
union all
select id || ' attempt ' || attempt || ' ended with the answer of attempt ' || response
from outcome
where status = 2 and response <> to_jsonb(attempt)
