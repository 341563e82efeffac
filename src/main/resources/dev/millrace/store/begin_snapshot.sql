-- begin_snapshot: a transaction that sees one moment, and only reads.
begin transaction isolation level repeatable read, read only
