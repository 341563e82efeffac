select exists (select from bench_db_scheduler.scheduled_tasks)
