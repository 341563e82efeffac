-- i12_effects: events whose writes are not there exactly once, by the attempt that completed them, or are there without that.
with writer as (
    select distinct id from torture.run_line where said = 'S' and how = 'WRITES'
), effects as (
    select event, count(*) as n, min(attempt) as attempt from torture.effect group by event
)
select coalesce(o.id, f.event) || ' ended with status ' || coalesce(o.status::text, 'none') || ' by attempt '
    || coalesce(o.attempt::text, 'none') || ' and has ' || coalesce(f.n, 0) || ' effects, by attempt ' || coalesce(f.attempt::text, 'none')
from (select o.* from millrace.outcome o join writer using (id)) o
full join effects f on f.event = o.id
where (o.status = 2) is distinct from (f.n is not null) or f.n > 1 or f.attempt <> o.attempt
