select count(*) filter (where state <> 'SUCCEEDED') as left, count(*) filter (where state = 'SUCCEEDED') as done
from bench_jobrunr.jobrunr_jobs
