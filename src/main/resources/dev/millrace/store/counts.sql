-- counts: how many events are in each status, exactly, without counting them: folded counts and the deltas since, in one
-- snapshot; of the pending ones also how many are scheduled, which are counted under a code of their own. Reads only.
select case status when 7 then 0 else status end as status, sum(n)::bigint as n,
    coalesce(sum(n) filter (where status = 7), 0)::bigint as scheduled
from (
    select status, n from millrace.status_count where flow = :flow
    union all
    select status, n from millrace.status_delta where flow = :flow
) parts
group by 1
