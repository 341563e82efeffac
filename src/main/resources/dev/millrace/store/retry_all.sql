-- retry_all: looks at the next :window events that ended in a status, from a place on and up to :last, and appends those of them
-- that fit again, in their order, at most :most, each once for ever. Says how many it looked at, from which place to go on, and
-- how many it appended. Locks the originals against clean-up; another who does the same waits for it.
select seen, next, appended
from millrace.retry_window(:flow, :status, :first, :last, :window, :most, nullif(:types::text[], '{}'), :error::text, :retryable::boolean,
    :since::timestamptz, :until::timestamptz)
