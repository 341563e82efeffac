-- i18_as_audited: events that are elsewhere than their last move took them, at the end.
select coalesce(h.id, m.id) || ' is in ' || coalesce(h.what::text, 'no table') || ', moved last to ' || coalesce(m.what::text, 'none')
from (
    select id, 'r'::"char" as what from ready
    union all
    select id, 's'::"char" from scheduled
    union all
    select id, 'c'::"char" from running
    union all
    select id, 'o'::"char" from outcome
) h
full join (
    select distinct on (id) id, what from torture.move where what in ('r', 's', 'c', 'o') order by id, seq desc
) m using (id)
where h.what is distinct from m.what
