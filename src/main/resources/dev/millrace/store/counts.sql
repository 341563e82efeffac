-- counts: how many events are in each status, exactly, without counting them: folded counts and the deltas since, in one
-- snapshot. Reads only.
select status, sum(n)::bigint as n
from (
    select status, n from millrace.status_count where flow = :flow
    union all
    select status, n from millrace.status_delta where flow = :flow
) parts
group by status
