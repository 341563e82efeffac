-- What is done is gone: null for what cannot be counted.
select count(*) as left, null::bigint as done from bench_graphile_worker._private_jobs
