create schema if not exists bench_jobrunr
