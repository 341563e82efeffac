-- settle: ends claims that their worker still holds, in the order given. The fence is (id, worker, attempt): a claim
-- that was lost deletes nothing, inserts nothing, and is missing from the answer. Locks the rows it deletes.
with answer as (
    select *
    from unnest(:ids::uuid[], :workers::uuid[], :attempts::integer[], :statuses::smallint[], :durations::float8[],
            :responses::text[], :errors::text[], :retryable::boolean[])
        with ordinality as a (id, worker, attempt, status, duration, response, error, retryable, n)
), held as (
    delete from millrace.running r
    using (
        select answer.*, found.place
        from answer
        cross join lateral (
            select ctid as place
            from millrace.running
            where id = answer.id and worker = answer.worker and attempt = answer.attempt
            offset 0 -- one look into the index for each, whatever the planner believes of the sizes
        ) found
    ) a
    where r.ctid = a.place -- stable: rows here are never updated, and none that this snapshot sees is replaced
    returning r.id, r.flow, r.worker, r.claimed_at, a.attempt, a.status, a.duration, a.response, a.error, a.retryable, a.n
)
insert into millrace.outcome (id, worker, started_at, duration, flow, attempt, status, retryable, response, error)
select id, worker, claimed_at, duration, flow, attempt, status, retryable, response::jsonb, error::jsonb
from held
order by n
returning id
