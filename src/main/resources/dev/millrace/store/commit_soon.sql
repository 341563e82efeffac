-- commit_soon: has the server end this transaction if its client does not within :milliseconds of the last statement: a
-- client that cannot be reached must not hold what the settlement locks. Transaction-local; changes no row.
select set_config('idle_in_transaction_session_timeout', :milliseconds, true)
