select count(*) from bench_millrace.outcome
