select exists (select from bench_sql.ready) or exists (select from bench_sql.running)
