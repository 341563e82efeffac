-- progression_lock: holds one progression until the transaction ends, so that its changes come one after another.
select id from millrace.progression where flow = :flow and name = :name for update
