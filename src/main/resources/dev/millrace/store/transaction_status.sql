-- transaction_status: whether a transaction was committed, aborted, or is in progress. Reads only.
select pg_xact_status(:transaction::xid8)
