-- append_one: as append, for the most frequent case: one event that is due now and has no deadline. Says how many were
-- stored: none if the flow has a limit, or was dropped, and that was not :checked.
-- Locks nothing that exists; a duplicate id fails on a primary key.
with stored as (
    insert into millrace.event (id, flow, type, payload, metadata, priority, timeout, streaming, created_at)
    select :id, :flow, :type, :payload::jsonb, :metadata::jsonb, coalesce(:priority, extract(epoch from moment)), :timeout,
        :streaming, moment
    from (select clock_timestamp() as moment) clock
    where :checked or exists (select from millrace.flow where id = :flow and max_pending is null)
    returning id, priority
)
insert into millrace.ready (id, priority, lane, flow)
select id, priority, :lane, :flow
from stored
returning 1
