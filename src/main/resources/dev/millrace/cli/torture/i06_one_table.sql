-- i06_one_table: events that are not in exactly one of the tables, at the end.
select coalesce(e.id, h.id) || ' is in ' || count(h.id) || ' tables'
from event e
full join (select id from ready union all select id from scheduled union all select id from running union all select id from outcome) h
    on h.id = e.id
group by coalesce(e.id, h.id)
having count(h.id) <> 1 or count(e.id) = 0
