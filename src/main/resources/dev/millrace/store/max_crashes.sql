-- max_crashes: how many deaths an event may see by its own word; nothing if it says nothing. Reads only.
select max_crashes::integer from millrace.event_option where event = :id
