-- flow_limit: sets how many pending events a flow may hold; null for as many as come.
update millrace.flow set max_pending = :max_pending where id = :flow and max_pending is distinct from :max_pending
