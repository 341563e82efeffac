select exists (select from bench_jobrunr.jobrunr_jobs where state in ('ENQUEUED', 'PROCESSING', 'SCHEDULED', 'AWAITING'))
