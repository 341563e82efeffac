-- i02_no_phantom: events that nobody tried to append, or whose transaction was rolled back.
select e.id || ' was never appended'
from event e
where not exists (select from torture.append_line a where a.id = e.id and a.said = 'T')
union all
select e.id || ' is there though it was rolled back'
from event e
where exists (select from torture.append_line a where a.id = e.id and a.said = 'R')
