analyze bench_millrace.event, bench_millrace.ready, bench_millrace.running, bench_millrace.outcome
