-- resume: ends a pause; nothing if there is none. Tells every worker that listens to look at the flow, and for its events.
-- Locks the flow's row, which no transaction of an application holds.
with changed as (
    update millrace.flow
    set paused_at = null, pause_reason = null
    where id = :flow and paused_at is not null
    returning id
)
select pg_notify(:channel, 'pause ' || id)::text as told from changed
