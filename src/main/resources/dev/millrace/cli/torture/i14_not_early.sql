-- i14_not_early: events made due before their time.
select s.id || ' was due ' || (s.run_at - r.at) || ' early'
from torture.move s
join lateral (select m.* from torture.move m where m.id = s.id and m.seq > s.seq order by m.seq limit 1) r on true
where s.what = 's' and r.what in ('r', 'c') and r.at < s.run_at
