-- flow_frame: what a snapshot of a restored flow says that its rows do not; nothing if that follows from its id. Reads only.
select frame::text from millrace.flow where id = :flow and frame is not null
