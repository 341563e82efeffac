-- add_chunks: stores what streaming handlers emitted, for claims their worker still holds; what was lost is missing from
-- the answer. Holds the running rows until the chunks are in, so that a rescue waits. A chunk stored before by a try
-- whose acknowledgement was lost is left as it is.
with given as (
    select *
    from unnest(:ids::uuid[], :workers::uuid[], :attempts::integer[], :indexes::integer[], :chunk_values::text[])
        as c (id, worker, attempt, index, value)
), held as materialized (
    select r.id, r.worker, r.attempt
    from millrace.running r
    where r.id = any (:ids::uuid[])
    order by r.id
    for key share
), stored as (
    insert into millrace.chunk (event, attempt, index, value)
    select g.id, g.attempt, g.index, g.value::jsonb
    from given g
    join held h using (id, worker, attempt)
    on conflict on constraint chunk_pkey do nothing
)
select id from given join held using (id, worker, attempt)
