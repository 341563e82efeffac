-- pace: how soon the first event that a killed worker held was claimed by another one. Calm are those kills after which one
-- other worker could have rescued all the time: it had renewed for one whole lease without a gap of more than half a lease,
-- and went on to until the rescue, so the database was there, too. What is rescued waits for older suspects. Reads only.
with term as (
    select current_setting('torture.lease')::interval as length
), renewal as (
    select l.id, l.at, l.at - lag(l.at) over (partition by l.id order by l.seq) > term.length / 2 as gap
    from torture.lease l, term
    where l.what <> 'd'
), spanned as (
    select id, at, count(*) filter (where gap) over (partition by id order by at) as span
    from renewal
), steady as materialized (
    select id, min(at) as since, max(at) as until
    from spanned
    group by id, span
), victim as materialized (
    select k.at as killed, i.id as worker, gone.at as rescued
    from torture.kill_line k
    join lateral (
        select l.id from torture.lease l where l.pid = k.pid and l.what = 'i' and l.at < k.at order by l.seq desc limit 1
    ) i on true
    join torture.lease gone on gone.id = i.id and gone.what = 'd' and gone.at > k.at
), again as materialized (
    select v.killed, v.worker, v.rescued, min(c.at) as at
    from victim v
    join millrace.attempt a on a.worker = v.worker and a.reason = 'lost'
    join torture.move c on c.id = a.event and c.what = 'c' and c.attempt = a.attempt + 1
    group by v.killed, v.worker, v.rescued
), judged as (
    select extract(epoch from again.at - killed) * 1000 as millis, extract(epoch from rescued - killed) * 1000 as rescued, exists (
            select from steady s, term
            where s.id <> again.worker and s.since <= killed - term.length and s.until >= rescued - term.length / 2
        ) as calm
    from again
)
select count(*) as kills, count(*) filter (where calm) as calm,
    coalesce(percentile_disc(0.5) within group (order by millis), 0) as p50,
    coalesce(percentile_disc(0.99) within group (order by millis), 0) as p99,
    coalesce(percentile_disc(0.5) within group (order by millis) filter (where calm), 0) as calm_p50,
    coalesce(percentile_disc(0.99) within group (order by millis) filter (where calm), 0) as calm_p99,
    coalesce(percentile_disc(0.99) within group (order by rescued) filter (where calm), 0) as calm_rescued_p99
from judged
