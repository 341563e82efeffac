-- i21_cancelled: events that somebody was told are cancelled, and that did not stay so.
select s.id || ' was cancelled and has status ' || coalesce(o.status::text, 'none')
from torture.steer_line s
left join outcome o on o.id = s.id
where s.said = 'C' and o.status is distinct from 4
