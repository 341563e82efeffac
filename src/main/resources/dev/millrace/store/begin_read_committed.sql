-- begin_read_committed: a transaction that sees what others commit meanwhile, whatever the database's default.
begin transaction isolation level read committed
