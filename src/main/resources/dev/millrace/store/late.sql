-- late: notes at attempts that a rescue ended what their worker answered afterwards; the first answer stays. Locks those rows.
update millrace.attempt a
set late_at = clock_timestamp(), late_status = l.status, late_error = l.error::jsonb, late_bytes = l.bytes
from unnest(:ids::uuid[], :workers::uuid[], :attempts::integer[], :statuses::smallint[], :errors::text[], :bytes::integer[])
    as l (id, worker, attempt, status, error, bytes)
where a.event = l.id and a.attempt = l.attempt and a.worker = l.worker and a.reason = 'lost' and a.late_at is null
returning a.event
