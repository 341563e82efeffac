-- progression_find: users' progressions of a flow by name or, if that is null, all of them, with their members in order.
-- Reads only.
select p.id, p.name, p.created_at, p.metadata::text as metadata,
    array(select m.event from millrace.progression_event m where m.progression = p.id order by m.position) as members
from millrace.progression p
where p.flow = :flow and (:name::text is null or p.name = :name)
order by p.created_at, p.name, p.id
