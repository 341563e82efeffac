-- flow_hold: holds the flow's row until the transaction ends, so that two restores into one flow do not meet.
select from millrace.flow where id = :flow for no key update
