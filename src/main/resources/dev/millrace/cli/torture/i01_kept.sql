-- i01_kept: acknowledged events that are not there.
select a.id || ' was acknowledged and is not there'
from torture.append_line a
where a.said = 'A' and not exists (select from event e where e.id = a.id)
