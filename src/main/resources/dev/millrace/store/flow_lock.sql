-- flow_lock: takes the turn of a bounded flow until the transaction ends, so that appends to the flow count one at a time; waits for
-- who has the turn. Only a transaction whose statements each see their own moment counts what others stored before. No row if
-- there is no such flow. Locks the flow's turn and nothing else.
select max_pending, sees_others from millrace.take_turn(:flow)
