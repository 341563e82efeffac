-- due_lanes: which of these lanes, each with its flow, have an event that may be claimed. Reads only.
select known.lane
from unnest(:flows::integer[], :lanes::integer[]) as known (flow, lane)
cross join lateral (
    select 1
    from millrace.ready
    where lane = known.lane
    order by priority, position -- the claim's index has nothing else to skip: no row of another lane is read
    limit 1
) head
where not exists (select from millrace.flow where id = known.flow and paused_at is not null)
