-- schema_creators: which roles may create objects in the schema :schema and are not its owner, by name. Reads only.
select coalesce(quote_ident(pg_get_userbyid(nullif(a.grantee, 0))), 'public') as role
from pg_namespace n
cross join aclexplode(n.nspacl) a
where n.nspname = :schema and a.privilege_type = 'CREATE' and a.grantee <> n.nspowner
order by role
