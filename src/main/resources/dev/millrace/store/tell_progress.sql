-- tell_progress: keeps how far handlers are, the last word of each, for claims their worker still holds; what was lost is
-- missing from the answer. No claim may stand twice. Holds the running rows until it is in, so that a rescue waits.
with given as (
    select *
    from unnest(:ids::uuid[], :workers::uuid[], :attempts::integer[], :fractions::float8[], :messages::text[])
        as p (id, worker, attempt, fraction, message)
), held as materialized (
    select r.id, r.worker, r.attempt
    from millrace.running r
    where r.id = any (:ids::uuid[])
    order by r.id
    for key share
), told as (
    insert into millrace.progress as p (event, attempt, fraction, message)
    select g.id, g.attempt, g.fraction, g.message
    from given g
    join held h using (id, worker, attempt)
    order by g.id
    on conflict on constraint progress_pkey do update
    set attempt = excluded.attempt, fraction = excluded.fraction, message = excluded.message, told_at = excluded.told_at
)
select id from given join held using (id, worker, attempt)
