-- open_filter: the lanes of a flow of these types, or all, and the last place so far in order of append: the end of an act on many
-- events that begins now. Reads only.
select f.lanes, f.last
from millrace.open_filter_of(:flow, nullif(:types::text[], '{}'), null, null, null, null) f
