select (select count(*) from bench_sql.ready) + (select count(*) from bench_sql.running) + (select count(*) from bench_sql.bare) as left,
    (select count(*) from bench_sql.outcome where status = 2) as done
