-- payload: the payload of an event. Reads only.
select payload::text from millrace.event where id = :id
