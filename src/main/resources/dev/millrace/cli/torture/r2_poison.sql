-- r2_poison: events that halt each process that runs them, and were run more often than they may, or neither aborted nor cancelled.
select p.id || ' halted ' || p.runs || ' processes and ended with status ' || coalesce(o.status::text, 'none')
from (select id, count(*) as runs from torture.run_line where said = 'S' and how = 'POISON' group by id) p
left join outcome o using (id)
left join event_option e on e.event = p.id
where p.runs > coalesce(e.max_crashes, current_setting('torture.max_crashes')::integer) or coalesce(o.status not in (4, 6), true)
