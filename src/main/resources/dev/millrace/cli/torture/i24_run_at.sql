-- i24_run_at: events that were claimed before the time that their appender asked for.
select e.id || ' was claimed ' || ((e.metadata ->> 'not_before')::timestamptz - m.at) || ' early'
from event e
join torture.move m on m.id = e.id and m.what = 'c'
where m.at < (e.metadata ->> 'not_before')::timestamptz
