-- snapshot: makes the transaction that begins see one moment, and read only.
set transaction isolation level repeatable read, read only
