-- open_events: up to a thousand events that fit and are pending, or with code 4 that run, at one moment, locked or not. Reads only.
select id
from millrace.open_events(:code,
    row(:flow, :lanes::integer[], :since::timestamptz, :until::timestamptz, :lowest::float8, :highest::float8, :last::bigint)
        ::millrace.open_filter) as o (id)
