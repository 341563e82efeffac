-- audit: lets the database note each move of each event and each change of each lease, by triggers of the harness's own,
-- and makes room for the ledgers. Runs once, before the workers start.
create schema torture;

-- what: r into ready, s into scheduled, c claimed into running, g gone from running, o into outcome, x touched though final
create table torture.move (
    seq     bigint generated always as identity,
    at      timestamptz not null default clock_timestamp(),
    run_at  timestamptz,
    id      uuid not null,
    worker  uuid,
    attempt integer,
    deaths  integer,
    status  smallint,
    what    "char" not null
);

-- what: i registered, u renewed, d taken out
create table torture.lease (
    seq          bigint generated always as identity,
    at           timestamptz not null default clock_timestamp(),
    heartbeat_at timestamptz not null,
    expires_at   timestamptz not null,
    pid          bigint not null,
    id           uuid not null,
    what         "char" not null
);

create table torture.append_line (said "char" not null, id uuid not null);
-- what was said of events and of the flow by who steers them: C cancelled, P paused, R about to resume
create table torture.steer_line (said "char" not null, id uuid not null, at timestamptz not null);
create table torture.run_line (said "char" not null, id uuid not null, attempt integer not null, nanos bigint not null, how text not null);
-- what handlers write in the transaction that settles their event
create table torture.effect (event uuid not null, attempt integer not null);
create table torture.kill_line (pid bigint not null, at timestamptz not null);

create function torture.load(line text, file text) returns void language plpgsql as $$
begin
    execute format('copy torture.%I from %L', line, file);
end $$;

create function torture.into_ready() returns trigger language plpgsql as $$
begin
    insert into torture.move (what, id, attempt, deaths) select 'r', id, attempt, deaths from added;
    return null;
end $$;

create function torture.into_scheduled() returns trigger language plpgsql as $$
begin
    insert into torture.move (what, id, attempt, deaths, run_at) select 's', id, attempt, deaths, run_at from added;
    return null;
end $$;

create function torture.into_running() returns trigger language plpgsql as $$
begin
    insert into torture.move (what, id, worker, attempt, deaths) select 'c', id, worker, attempt, deaths from added;
    return null;
end $$;

create function torture.out_of_running() returns trigger language plpgsql as $$
begin
    insert into torture.move (what, id, worker, attempt, deaths) select 'g', id, worker, attempt, deaths from removed;
    return null;
end $$;

create function torture.into_outcome() returns trigger language plpgsql as $$
begin
    insert into torture.move (what, id, worker, attempt, status) select 'o', id, worker, attempt, status from added;
    return null;
end $$;

create function torture.touched() returns trigger language plpgsql as $$
begin
    insert into torture.move (what, id) select 'x', id from removed;
    return null;
end $$;

create function torture.lease_changed() returns trigger language plpgsql as $$
begin
    insert into torture.lease (what, id, pid, heartbeat_at, expires_at)
    values (tg_argv[0]::"char", coalesce(new.id, old.id), coalesce(new.pid, old.pid),
        coalesce(new.heartbeat_at, old.heartbeat_at), coalesce(new.expires_at, old.expires_at));
    return null;
end $$;

create trigger torture_added after insert on millrace.ready referencing new table as added
    for each statement execute function torture.into_ready();
create trigger torture_added after insert on millrace.scheduled referencing new table as added
    for each statement execute function torture.into_scheduled();
create trigger torture_added after insert on millrace.running referencing new table as added
    for each statement execute function torture.into_running();
create trigger torture_removed after delete on millrace.running referencing old table as removed
    for each statement execute function torture.out_of_running();
create trigger torture_added after insert on millrace.outcome referencing new table as added
    for each statement execute function torture.into_outcome();
create trigger torture_removed after delete on millrace.outcome referencing old table as removed
    for each statement execute function torture.touched();
create trigger torture_updated after update on millrace.outcome referencing old table as removed
    for each statement execute function torture.touched();
create trigger torture_removed after delete on millrace.event referencing old table as removed
    for each statement execute function torture.touched();
create trigger torture_updated after update on millrace.event referencing old table as removed
    for each statement execute function torture.touched();
create trigger torture_registered after insert on millrace.worker for each row execute function torture.lease_changed('i');
create trigger torture_renewed after update on millrace.worker for each row execute function torture.lease_changed('u');
create trigger torture_taken_out after delete on millrace.worker for each row execute function torture.lease_changed('d');
