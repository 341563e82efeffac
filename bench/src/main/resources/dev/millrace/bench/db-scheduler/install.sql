-- The table db-scheduler asks for, without the index that only prioritised tasks need.
create schema if not exists bench_db_scheduler;
create table if not exists bench_db_scheduler.scheduled_tasks (
    task_name            text not null,
    task_instance        text not null,
    task_data            bytea,
    execution_time       timestamptz,
    picked               boolean not null,
    picked_by            text,
    last_success         timestamptz,
    last_failure         timestamptz,
    consecutive_failures integer,
    last_heartbeat       timestamptz,
    version              bigint not null,
    priority             smallint,
    state                text,
    primary key (task_name, task_instance)
);
create index if not exists execution_time_idx on bench_db_scheduler.scheduled_tasks (execution_time);
create index if not exists last_heartbeat_idx on bench_db_scheduler.scheduled_tasks (last_heartbeat)
