-- flow_find: one flow by name. Reads only.
select id, uid, name, metadata::text as metadata, created_at, paused_at, max_pending
from millrace.flow
where name = :name
