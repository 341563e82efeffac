-- The table of the bare INSERT: a primary key and two indexes, as a queue would have at the least.
create table if not exists bench_sql.bare (
    id         uuid primary key,
    flow       integer not null,
    priority   double precision not null,
    position   bigint generated always as identity,
    created_at timestamptz not null default clock_timestamp(),
    payload    jsonb not null
);
create index if not exists bare_claim on bench_sql.bare (flow, priority, position);
create index if not exists bare_created_at on bench_sql.bare (created_at)
