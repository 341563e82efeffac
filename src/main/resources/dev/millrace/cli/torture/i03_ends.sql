-- i03_ends: events that have not ended after the faults stopped and the queue was given time to drain.
select e.id || ' has not ended'
from event e
where not exists (select from outcome o where o.id = e.id)
