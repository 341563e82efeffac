-- append_one_unique: as append_unique, for the most frequent case: one event that is due now, has no deadline, and replaces
-- nothing. Answers as that does. A key that no row names is taken here; take_keys is asked only about the others.
-- Waits for whoever takes the same key, then locks the key's row if it takes it over; a duplicate id fails on a primary key.
with input as materialized (
    select clock_timestamp() as moment
    where :checked or exists (select from millrace.flow where id = :flow and max_pending is null)
), added as materialized (
    insert into millrace.unique_key (flow, key, event, scope, expires_at)
    select :flow, :key, :id, :scope, moment + make_interval(secs => :period)
    from input
    where :room > 0
    on conflict on constraint unique_key_pkey do nothing
    returning event
), met as materialized (
    select m.*
    from input
        cross join lateral millrace.take_keys(:flow, array[:id]::uuid[], array[:key]::text[], array[:scope]::smallint[],
            array[:period]::float8[], array[:conflict]::smallint[], moment, false, :room) m
    where not exists (select from added)
), stored as (
    insert into millrace.event (id, flow, type, payload, metadata, priority, timeout, streaming, created_at)
    select :id, :flow, :type, :payload::jsonb, :metadata::jsonb, coalesce(:priority, extract(epoch from moment)), :timeout,
        :streaming, moment
    from input
    where not exists (select from met)
    returning id, priority
), due as (
    insert into millrace.ready (id, priority, lane, flow)
    select id, priority, :lane, :flow
    from stored
)
select null::uuid as id, null::uuid as holder, 4 as answer, count(*) as place from input
union all
select id, holder, answer, place from met
