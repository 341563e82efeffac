-- progression_strangers: which of these ids are no events of the flow. Reads only.
select distinct m.id
from unnest(:ids::uuid[]) as m (id)
where not exists (select 1 from millrace.event e where e.id = m.id and e.flow = :flow)
