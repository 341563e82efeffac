select count(*) filter (where state <> 'completed') as left, count(*) filter (where state = 'completed') as done
from bench_pg_boss.job
where name in ('bench', 'bench-notified')
