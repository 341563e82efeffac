-- flow_lock: holds the flow's row until the transaction ends, so that appends to a bounded flow count one at a time. Only
-- a transaction whose statements each see their own moment counts what others stored before it got the row.
select max_pending, current_setting('transaction_isolation') in ('read committed', 'read uncommitted') as sees_others
from millrace.flow
where id = :flow
for no key update
