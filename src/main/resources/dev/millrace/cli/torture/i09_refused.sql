-- i09_refused: answers of which their process was told that they came too late, though the attempt was not lost,
-- and not cancelled from outside.
select l.id || ' attempt ' || l.attempt || ' was told to be late and was not lost'
from torture.run_line l
where l.said = 'L'
    and not exists (select from attempt a where a.event = l.id and a.attempt = l.attempt and a.reason = 'lost')
    and not exists (select from outcome o where o.id = l.id and o.attempt = l.attempt and o.status = 4)
