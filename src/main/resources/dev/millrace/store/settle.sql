-- settle: ends claims that their worker still holds, in the order given. The fence is (id, worker, attempt): a claim
-- that was lost deletes nothing, inserts nothing, and is missing from the answer. Locks the rows it deletes.
with answer as (
    select *
    from unnest(:ids::uuid[], :workers::uuid[], :attempts::integer[], :statuses::smallint[], :durations::float8[],
            :responses::text[], :errors::text[], :retryable::boolean[])
        with ordinality as a (id, worker, attempt, status, duration, response, error, retryable, n)
), held as (
    delete from millrace.running r
    using answer a
    where r.id = a.id and r.worker = a.worker and r.attempt = a.attempt
    returning r.id, r.flow, r.worker, r.claimed_at, a.attempt, a.status, a.duration, a.response, a.error, a.retryable, a.n
)
insert into millrace.outcome (id, worker, started_at, duration, flow, attempt, status, retryable, response, error)
select id, worker, claimed_at, duration, flow, attempt, status, retryable, response::jsonb, error::jsonb
from held
order by n
returning id
