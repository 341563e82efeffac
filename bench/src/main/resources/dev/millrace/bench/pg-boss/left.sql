select exists (select from bench_pg_boss.job where state < 'completed')
