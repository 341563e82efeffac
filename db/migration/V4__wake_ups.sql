-- Wake-ups: who sleeps says so, and whatever makes an event claimable notifies those who do (docs/decisions/0005).
-- The channel is the schema's name. What is said on it: a flow's number, for those who claim from it; 0, for those who promote.

-- Unlogged: it says who waits at this moment, and a crash of the server ends every session that waits.
create unlogged table sleeper (
    flow   integer not null,
    worker uuid not null,
    since  timestamptz not null default clock_timestamp(),
    constraint sleeper_pkey primary key (flow, worker),
    constraint sleeper_flow_natural check (flow >= 0),
    constraint sleeper_since_finite check (isfinite(since)),
    constraint sleeper_worker_fkey foreign key (worker) references worker (id) on delete cascade
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100);

comment on table sleeper is 'Which workers wait to be notified, for events of which flow; 0 for what is scheduled. Empty after a crash.';
comment on index sleeper_pkey is 'sleeper_declare, sleeper_withdraw: what a worker waits for; the triggers of ready and scheduled';

-- Counts what was added to ready, and wakes those who sleep on its flows: append, retry, promotion, rescue, in any language.
-- Equal notifications of a transaction are one; while nobody sleeps there is none, for one that does ends group commit.
create function ready_added() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    insert into status_delta (flow, status, n) select flow, 0, count(*) from added group by flow;
    if exists (select from sleeper) then
        perform pg_notify(tg_table_schema, flow::text)
        from (select distinct flow from added) due
        where exists (select from sleeper s where s.flow = due.flow);
    end if;
    return null;
end $$;

-- Counts what was added to scheduled, and wakes those who promote for what becomes due before they look by themselves.
create function scheduled_added() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    insert into status_delta (flow, status, n) select flow, 0, count(*) from added group by flow;
    if exists (select from sleeper where flow = 0)
            and exists (select from added where run_at < clock_timestamp() + interval '3 seconds') then
        perform pg_notify(tg_table_schema, '0');
    end if;
    return null;
end $$;

drop trigger count_added on ready;
drop trigger count_added on scheduled;
create trigger ready_added after insert on ready referencing new table as added
    for each statement execute function ready_added();
create trigger scheduled_added after insert on scheduled referencing new table as added
    for each statement execute function scheduled_added();

-- Lets this session hear the wake-ups, and what is said to it alone; null, and hears nothing, if it is not the session whose
-- process the client believes to talk to: then a proxy stands between, which may hand every transaction to another session.
create function listen(process integer, self uuid) returns boolean language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if process <> pg_backend_pid() then
        return null;
    end if;
    execute format('listen %I', current_schema());
    execute format('listen %I', self);
    return true;
end $$;
