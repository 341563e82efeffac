-- begin_read_committed: a transaction that sees what others commit meanwhile and may write, whatever the database's defaults.
begin transaction isolation level read committed, read write
