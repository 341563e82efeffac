-- settled: which of these events have ended, and which are not there, or not in that flow. Reads only.
select asked.id, asked.flow, coalesce(ended.flow = asked.flow, false) as ended
from unnest(:ids::uuid[], :flows::integer[]) as asked (id, flow)
left join lateral (
    select flow
    from millrace.outcome
    where id = asked.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) ended on true
left join lateral (
    select flow
    from millrace.event
    where id = asked.id
    offset 0
) known on true
where ended.flow is not null or known.flow is distinct from asked.flow
