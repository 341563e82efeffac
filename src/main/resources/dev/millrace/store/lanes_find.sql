-- lanes_find: the lanes of these types. Reads only.
select id, type from millrace.lane where flow = :flow and type = any (:types::text[])
