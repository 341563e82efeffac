-- append_by_function: as append, for a role that may append by function only. Says of each event, in their order, its id, or who has its
-- unique key, and in which transaction. Locks what append_many locks.
select a.id, pg_current_xact_id()::text as transaction
from millrace.append_many((
    select jsonb_agg(jsonb_build_object(
        'id', i.id, 'type', i.type, 'payload', i.payload::jsonb, 'metadata', i.metadata::jsonb, 'priority', i.priority,
        'timeout', i.timeout, 'deadline', i.deadline, 'streaming', i.streaming, 'run_at', i.run_at, 'delay', i.delay,
        'max_crashes', i.max_crashes)
        || case when i.key is null then '{}'::jsonb else jsonb_build_object(
            'unique_key', i.key, 'unique_scope', i.scope, 'unique_period', i.period, 'on_conflict', i.conflict) end
        order by i.n)
    from unnest(:ids::uuid[], :types::text[], :payloads::text[], :metadata::text[], :priorities::float8[], :timeouts::float8[],
            :deadlines::text[], :streaming::boolean[], :run_at::text[], :delays::float8[], :keys::text[], :scopes::text[],
            :periods::float8[], :conflicts::text[], :max_crashes::integer[])
        with ordinality as i (id, type, payload, metadata, priority, timeout, deadline, streaming, run_at, delay, key, scope,
            period, conflict, max_crashes, n)
), :flow) with ordinality as a (id, n)
order by a.n
