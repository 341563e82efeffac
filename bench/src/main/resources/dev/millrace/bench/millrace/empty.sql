truncate bench_millrace.event, bench_millrace.event_option, bench_millrace.ready, bench_millrace.scheduled, bench_millrace.running, bench_millrace.outcome, bench_millrace.attempt,
    bench_millrace.chunk, bench_millrace.progression_event, bench_millrace.status_delta, bench_millrace.status_count,
    bench_millrace.unique_key
