-- i04_final: events that moved after they had ended, or were touched.
select m.id || ' moved (' || m.what::text || ') after its outcome'
from torture.move m
join torture.move o on o.id = m.id and o.what = 'o' and o.seq < m.seq
where m.what in ('r', 's', 'c')
union all
select id || ' was changed or removed' from torture.move where what = 'x'
