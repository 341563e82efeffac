-- r4_aborted_after_deaths: events aborted for deaths that were not lost that often.
select o.id || ' was aborted after ' || count(a.event) || ' lost attempts'
from outcome o
left join attempt a on a.event = o.id and a.reason = 'lost'
left join event_option e on e.event = o.id
where o.status = 6
group by o.id, e.max_crashes
having count(a.event) < coalesce(e.max_crashes, current_setting('torture.max_crashes')::integer)
