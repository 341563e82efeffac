-- flow_lock: holds the flow's row until the transaction ends, so that appends to a bounded flow count one at a time.
select max_pending from millrace.flow where id = :flow for no key update
