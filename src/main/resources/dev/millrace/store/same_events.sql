-- same_events: which of these events are stored already just so, with this type and payload in this flow. Reads only.
select e.id
from unnest(:ids::uuid[], :types::text[], :payloads::text[]) as d (id, type, payload)
join millrace.event e on e.id = d.id and e.flow = :flow and e.type = d.type and e.payload = d.payload::jsonb
