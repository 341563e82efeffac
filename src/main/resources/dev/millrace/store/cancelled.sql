-- cancelled: which of these events have ended as cancelled, by whomever. Reads only.
select o.id
from unnest(:ids::uuid[]) as asked (id)
cross join lateral (
    select id, status
    from millrace.outcome
    where id = asked.id
    offset 0 -- one look into the index for each, whatever the planner believes of the sizes
) o
where o.status = 4
