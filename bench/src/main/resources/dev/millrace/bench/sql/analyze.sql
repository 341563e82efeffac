analyze bench_sql.event, bench_sql.ready, bench_sql.running, bench_sql.outcome, bench_sql.bare
