-- payload_size: how many bytes the text of an event's payload takes; the server reads the payload for that. Reads only.
select octet_length(payload::text) from millrace.event where id = :id
