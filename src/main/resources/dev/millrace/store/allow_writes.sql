-- allow_writes: lets the transactions of a session write, though they may not by default; deny_writes takes that back.
set default_transaction_read_only = off
