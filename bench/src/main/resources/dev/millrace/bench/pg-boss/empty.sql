truncate bench_pg_boss.job
