-- retry_last: the place of the last event so far that ended in each of these statuses. Reads only.
select s.status, o.position
from unnest(:statuses::smallint[]) as s (status)
cross join lateral (
    select position
    from millrace.outcome
    where flow = :flow and status = s.status
    order by position desc
    limit 1
) o
