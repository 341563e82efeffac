-- migration_lock: who holds an advisory lock that Flyway takes in this database, whatever the schema. Reads only.
-- The upper half of Flyway's number is 18028; the hash of the schema's name may add or take one.
select format('pid %s (user %s, application %s)', l.pid, coalesce(s.usename, 'unknown'),
    coalesce(quote_literal(left(nullif(s.application_name, ''), 60)), 'unnamed')) as holder
from pg_locks l
left join pg_stat_activity s on s.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.classid::bigint between 18027 and 18029
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
order by l.pid
