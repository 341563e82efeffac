-- paused: which of these flows are paused, since when and why. Reads only.
select id, paused_at, pause_reason
from millrace.flow
where id = any (:flows::integer[]) and paused_at is not null
