-- read_committed: makes the transaction that begins see what others commit meanwhile, whatever the database's default.
set transaction isolation level read committed
