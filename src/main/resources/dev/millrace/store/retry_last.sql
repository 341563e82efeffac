-- retry_last: from which place on and up to which events ended in each of these statuses, so far and since a time; nothing for a
-- status without any. Reads only.
select status, first, last
from millrace.ended_range(:flow, :statuses::smallint[], :since::timestamptz)
