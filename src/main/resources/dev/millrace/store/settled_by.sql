-- settled_by: which of these claims ended already by their own worker's hand: the acknowledgement was lost. A claim that a
-- rescue ended has a 'lost' attempt, also where the rescue aborted the event in that worker's name; one that is cancelled
-- although its worker's answer is another was cancelled by somebody else. With any other status it is its worker's, also
-- if the answer is another: a handler's own transaction settled it, and the handler could not tell. Reads only.
with claim as (
    select *
    from unnest(:ids::uuid[], :workers::uuid[], :attempts::integer[], :statuses::smallint[]) as c (id, worker, attempt, status)
)
select o.id
from claim c
join millrace.outcome o on o.id = c.id and o.worker = c.worker and o.attempt = c.attempt
    and (o.status = c.status or o.status <> 4)
where not exists (
    select from millrace.attempt t where t.event = c.id and t.attempt = c.attempt and t.reason = 'lost'
)
union all
select t.event
from claim c
join millrace.attempt t on t.event = c.id and t.worker = c.worker and t.attempt = c.attempt and t.reason <> 'lost'
