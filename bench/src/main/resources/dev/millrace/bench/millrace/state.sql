select (select count(*) from bench_millrace.ready) + (select count(*) from bench_millrace.running) as left,
    (select count(*) from bench_millrace.outcome where status = 2) as done
