-- expire: skips what is pending although its deadline has passed, due or not, up to :batch deadlines; says which
-- events those are. What runs, or is on the move just now, is looked at again in five seconds: it may go back to
-- pending. What has ended needs no deadline. Skips deadlines that another is looking at; waits for claims under way of those
-- it skips, then finds nothing. Judges by :now; null is the database's clock.
with late as materialized (
    select ctid as place, event
    from millrace.expiry
    where look_at <= coalesce(:now::timestamptz, statement_timestamp()) -- clock_timestamp() is volatile: it cannot bound an index scan
    order by look_at
    limit :batch
    for update skip locked
), due as (
    delete from millrace.ready where id = any (array(select event from late)) returning id, flow, lane, attempt
), waiting as (
    delete from millrace.scheduled where id = any (array(select event from late)) returning id, flow, lane, attempt
), skipped as (
    insert into millrace.outcome (id, flow, attempt, status, retryable, error)
    select t.id, t.flow, t.attempt, 5, false, jsonb_build_object(
        'error', 'SkippedError',
        'message', format('deadline %s passed before it started', millrace.iso_instant(e.deadline)),
        'retryable', false)
    from (select * from due union all select * from waiting) t
    cross join lateral (
        select deadline
        from millrace.event
        where id = t.id
        offset 0 -- one look into the index for each, whatever the planner believes of the sizes
    ) e
    on conflict on constraint outcome_pkey do nothing -- plain SQL has put an event that has ended into the queue
    returning id, flow, attempt
), over as materialized (
    select place
    from late
    where event in (select id from skipped)
        or event = any (array(select id from millrace.outcome where id = any (array(select event from late))))
), forgotten as (
    delete from millrace.expiry where ctid = any (array(select place from over)) -- stable: the rows are locked
), again as (
    update millrace.expiry
    set look_at = coalesce(:now::timestamptz, clock_timestamp()) + interval '5 seconds'
    where ctid = any (array(select place from late where place not in (select place from over)))
)
select s.id, s.flow, t.lane, s.attempt, 0 as was, 5 as became
from skipped s
join (select id, lane from due union all select id, lane from waiting) t on t.id = s.id
