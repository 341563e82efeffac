-- deny_writes: takes back what allow_writes has set.
reset default_transaction_read_only
