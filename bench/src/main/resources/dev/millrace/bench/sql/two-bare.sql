-- two-bare: two tables with the columns and indexes of event and ready, and nothing else
create schema if not exists bench_bare;
create table if not exists bench_bare.event (
    id uuid primary key,
    flow integer not null,
    type text not null,
    payload jsonb not null,
    metadata jsonb not null,
    priority float8 not null,
    timeout float8,
    deadline timestamptz,
    streaming boolean not null,
    created_at timestamptz not null
);
create table if not exists bench_bare.ready (
    id uuid primary key,
    priority float8 not null,
    position bigint generated always as identity,
    lane integer not null,
    flow integer not null,
    attempt integer not null,
    failures integer not null,
    denials integer not null,
    deaths integer not null,
    unique (lane, priority, position)
);
truncate bench_bare.event, bench_bare.ready
