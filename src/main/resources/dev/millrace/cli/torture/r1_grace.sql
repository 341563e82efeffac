-- r1_grace: rescues at a moment when no other worker had renewed for one whole lease without a gap.
with term as (
    select current_setting('torture.lease')::interval as length
), renewal as (
    select id, what, at, lag(at) over (partition by id order by seq) as before, lead(at) over (partition by id order by seq) as next,
        lead(what) over (partition by id order by seq) as next_what
    from torture.lease
), numbered as (
    select r.*, count(*) filter (where before is null or at - before > length * 0.75) over (partition by id order by at) as span
    from renewal r, term
    where what <> 'd'
), steady as materialized ( -- from when to when a worker renewed without a gap
    select id, min(at) as since,
        max(case when next_what = 'd' then least(next, at + length * 0.75) else at + length * 0.75 end) as until
    from numbered, term
    group by id, span
), rescue as materialized (
    select distinct worker, finished_at as at from attempt where reason = 'lost'
)
select 'worker ' || worker || ' was rescued at ' || at || ' by one that had not held its lease long enough'
from rescue, term
where not exists (
    select from steady s
    where s.id <> rescue.worker and s.since <= rescue.at - length * 0.9 and s.until >= rescue.at)
