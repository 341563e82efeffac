-- chunks: what the last attempt that emitted anything emitted, from an offset on. Reads only.
select value::text as value
from millrace.chunk
where event = :id
  and attempt = (select max(attempt) from millrace.chunk where event = :id)
  and index >= :from
order by index
limit :limit
