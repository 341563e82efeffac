-- progression_fill: adds members in order after the last one of a progression that the caller holds.
insert into millrace.progression_event (progression, position, event)
select :id, n + coalesce((select max(position) from millrace.progression_event where progression = :id), -1), event
from unnest(:ids::uuid[]) with ordinality as m (event, n)
