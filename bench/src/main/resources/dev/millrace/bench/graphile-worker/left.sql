select exists (select from bench_graphile_worker._private_jobs)
