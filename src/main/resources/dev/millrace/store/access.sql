-- access: whether the role may write events itself, and whether it may read them; both are true where there is nothing yet. Reads only.
select coalesce(bool_and(has_table_privilege(c.oid, 'insert')) filter (where c.relname <> 'flow'), true) as writes,
    coalesce(bool_and(has_table_privilege(c.oid, 'select')), true) as reads
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = :schema and c.relname in ('event', 'ready', 'flow')
