-- clean_up: removes settled events for good with all that belongs to them: of the next :window that ended in a status, from a
-- place on and up to :last, those that ended so many seconds ago or earlier. Says how many it looked at, how many had that age, from
-- which place to go on, and how many it removed: not those that others have locked.
select seen, aged, next, removed
from millrace.clean_up_window(:flow, :status, :first, :last, :older_than, :window, :window)
