-- lanes_open: makes the lanes of these types that do not exist yet. Waits for another that makes them.
insert into millrace.lane (flow, type)
select :flow, type
from unnest(:types::text[]) as t (type)
order by type
on conflict on constraint lane_flow_type_key do nothing
