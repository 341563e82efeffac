-- give_back: returns claims that their worker still holds to pending: to ready, or to scheduled where there is a delay
-- (seconds), and notes why in attempt. Fenced as settle is; what was lost is missing from the answer. Events with a
-- death on them queue under their lane's negated number, where one at a time is taken. All that it writes is of one moment: an
-- attempt that is to be repeated is due exactly its delay after it finished; or after :now, if that is given.
with clock as materialized (
    select clock_timestamp() as moment
), answer as (
    select *
    from unnest(:ids::uuid[], :workers::uuid[], :attempts::integer[], :priorities::float8[], :failures::integer[],
            :denials::integer[], :deaths::integer[], :delays::float8[], :reasons::text[], :errors::text[], :durations::float8[])
        as a (id, worker, attempt, priority, failures, denials, deaths, delay, reason, error, duration)
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
    returning r.id, r.flow, case when a.deaths > 0 then -abs(r.lane) else abs(r.lane) end as lane, r.position, r.worker,
        r.claimed_at, a.attempt, a.priority, a.failures, a.denials, a.deaths, a.delay, a.reason, a.error, a.duration
), noted as (
    insert into millrace.attempt (event, worker, started_at, finished_at, duration, attempt, reason, error)
    select id, worker, claimed_at, moment, duration, attempt, reason, error::jsonb
    from held
    cross join clock
), later as (
    insert into millrace.scheduled (id, run_at, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, coalesce(:now::timestamptz, moment) + make_interval(secs => delay), priority, position, lane, flow, attempt, failures,
        denials, deaths
    from held
    cross join clock
    where delay > 0
), due as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, priority, position, lane, flow, attempt, failures, denials, deaths
    from held
    where delay is null or delay <= 0
)
select id from held
