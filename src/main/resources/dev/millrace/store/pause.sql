-- pause: from its commit on no claim that begins takes anything of this flow; nothing if it is paused already. Tells every
-- worker that listens to look at the flow. Locks the flow's row, which no transaction of an application holds.
with changed as (
    update millrace.flow
    set paused_at = clock_timestamp(), pause_reason = :reason
    where id = :flow and paused_at is null
    returning id
)
select pg_notify(:channel, 'pause ' || id)::text as told from changed
