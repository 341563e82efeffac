-- planning: how the hot statement that follows in the same transaction is to be planned. A plan that is made while the
-- tables are empty reads them from end to end, and PostgreSQL keeps it until something has analyzed them, whatever has come
-- meanwhile; so sequential scans are priced out. The plan is made once for each connection.
select set_config('enable_seqscan', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('jit', 'off', true)
