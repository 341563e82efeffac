analyze bench_pg_boss.job
