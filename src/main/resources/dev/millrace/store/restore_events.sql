-- restore_events: stores events of a snapshot as they were, pending ones due at once and in their order, for which some are queued
-- with another priority than their own. What was processing is pending again, with its attempt number kept. A duplicate id
-- fails on a primary key.
with input as materialized (
    select i.*, coalesce(i.given_priority, extract(epoch from i.created_at)) as priority
    from unnest(:ids::uuid[], :created_at::timestamptz[], :lanes::integer[], :types::text[], :payloads::text[],
            :metadata::text[], :priorities::float8[], :timeouts::float8[], :deadlines::timestamptz[], :streaming::boolean[],
            :attempts::integer[], :statuses::smallint[], :started_at::timestamptz[], :finished_at::timestamptz[],
            :durations::float8[], :responses::text[], :errors::text[], :retryable::boolean[], :queue_priorities::float8[],
            :max_crashes::smallint[])
        with ordinality as i (id, created_at, lane, type, payload, metadata, given_priority, timeout, deadline, streaming,
            attempt, status, started_at, finished_at, duration, response, error, retryable, queue_priority, max_crashes, n)
), stored as (
    insert into millrace.event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    select id, :flow, type, payload::jsonb, metadata::jsonb, priority, timeout, deadline, streaming, created_at
    from input
), options as (
    insert into millrace.event_option (event, max_crashes)
    select id, max_crashes
    from input
    where max_crashes is not null
), pending as (
    insert into millrace.ready (id, priority, lane, flow, attempt)
    select id, coalesce(queue_priority, priority), lane, :flow, attempt
    from input
    where status < 2
    order by n
)
insert into millrace.outcome (id, flow, attempt, status, started_at, finished_at, duration, retryable, response, error)
select id, :flow, attempt, status, started_at, coalesce(finished_at, clock_timestamp()), duration, retryable,
    response::jsonb, error::jsonb
from input
where status >= 2
order by n
