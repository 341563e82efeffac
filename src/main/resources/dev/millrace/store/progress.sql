-- progress: what the handler of an event said last of how far it is. Reads only.
select told.attempt, told.fraction, told.message, told.told_at
from (select * from millrace.progress where event = :id offset 0) told -- by nothing but its id
join lateral (select flow from millrace.event where id = told.event offset 0) known on known.flow = :flow
