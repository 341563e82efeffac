truncate bench_sql.event, bench_sql.event_option, bench_sql.ready, bench_sql.scheduled, bench_sql.running, bench_sql.outcome, bench_sql.attempt,
    bench_sql.chunk, bench_sql.progression_event, bench_sql.status_delta, bench_sql.status_count, bench_sql.bare
