-- What every append, claim and settlement pays beside its own rows: the triggers that count and wake, and the way of append()
-- that nearly all calls take (docs/decisions/0010-one-transaction.md).

-- These triggers name everything with its schema instead of setting a search_path, which costs a setting and its undoing for each
-- statement, and mean what they say under any (CountTriggersTest). Nearly all statements touch one flow, and are counted without groups.

create or replace function count_added() returns trigger language plpgsql as $$
begin
    insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
    select pg_catalog.min(flow), tg_argv[0]::pg_catalog.int2, pg_catalog.count(*)
    from added
    having pg_catalog.min(flow) operator(pg_catalog.=) pg_catalog.max(flow);
    if not found then -- none or several
        insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
        select flow, tg_argv[0]::pg_catalog.int2, pg_catalog.count(*) from added group by flow;
    end if;
    return null;
end $$;

create or replace function count_removed() returns trigger language plpgsql as $$
begin
    insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
    select pg_catalog.min(flow), tg_argv[0]::pg_catalog.int2, operator(pg_catalog.-) pg_catalog.count(*)
    from removed
    having pg_catalog.min(flow) operator(pg_catalog.=) pg_catalog.max(flow);
    if not found then
        insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
        select flow, tg_argv[0]::pg_catalog.int2, operator(pg_catalog.-) pg_catalog.count(*) from removed group by flow;
    end if;
    return null;
end $$;

create or replace function count_settled() returns trigger language plpgsql as $$
begin
    insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
    select pg_catalog.min(flow), pg_catalog.min(status), pg_catalog.count(*)
    from added
    having pg_catalog.min(flow) operator(pg_catalog.=) pg_catalog.max(flow)
        and pg_catalog.min(status) operator(pg_catalog.=) pg_catalog.max(status);
    if not found then
        insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
        select flow, status, pg_catalog.count(*) from added group by flow, status;
    end if;
    return null;
end $$;

-- Counts what was added to ready, and wakes those who sleep on its flows: append, retry, promotion, rescue, in any language.
-- Equal notifications of a transaction are one; while nobody sleeps there is none, for one that does ends group commit.
create or replace function ready_added() returns trigger language plpgsql as $$
declare
    asleep boolean; -- whether anybody is
begin
    insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
    select pg_catalog.min(flow), 0, pg_catalog.count(*)
    from added
    having pg_catalog.min(flow) operator(pg_catalog.=) pg_catalog.max(flow)
    returning exists (select from "${flyway:defaultSchema}".sleeper) into asleep;
    if not found then
        insert into "${flyway:defaultSchema}".status_delta (flow, status, n)
        select flow, 0, pg_catalog.count(*) from added group by flow;
        asleep := exists (select from "${flyway:defaultSchema}".sleeper);
    end if;
    if asleep then
        perform pg_catalog.pg_notify(tg_table_schema, due.flow::pg_catalog.text)
        from (select distinct flow from added) due
        where exists (select from "${flyway:defaultSchema}".sleeper s where s.flow operator(pg_catalog.=) due.flow);
    end if;
    return null;
end $$;

-- Appends an event, in the caller's transaction. Says its id, or with a unique key that another holds, that one's.
create or replace function append(flow text, type text, payload jsonb, priority double precision default null,
    run_at timestamptz default null, timeout double precision default null, deadline timestamptz default null,
    metadata jsonb default null, unique_key text default null, id uuid default null, unique_scope text default null,
    unique_period double precision default null, on_conflict text default null, streaming boolean default null,
    delay double precision default null)
returns uuid language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    flow_id integer;
    lane_id integer;
    bounded boolean;
    moment timestamptz;
    due timestamptz;
    fresh uuid;
    answers uuid[];
begin
    select f.id, l.id, f.max_pending is not null, clock_timestamp(), coalesce(append.id, uuid_v7())
    into flow_id, lane_id, bounded, moment, fresh
    from flow f
    join lane l on l.flow = f.id and l.type = append.type
    where f.name = append.flow;
    if not is_sound(append.payload, append.metadata, append.priority, append.timeout, append.run_at, append.deadline) then
        perform check_event(null, append.payload, append.metadata, append.priority, append.timeout, append.run_at, append.deadline);
    end if;
    -- nearly all: no unique key, no limit, and a type that the flow knows
    if not bounded and append.unique_key is null and append.unique_scope is null and append.unique_period is null
            and append.on_conflict is null then
        if append.id is not null or append.run_at is not null or append.delay is not null then
            if append.delay is not null then
                perform check_delay(null, append.delay, append.run_at);
            end if;
            if append.id is not null then
                perform check_ids(array[append.id]);
            end if;
            due := coalesce(append.run_at, moment + append.delay * interval '1 second');
        end if;
        if due > moment then
            with stored as (
                insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
                values (fresh, flow_id, append.type, append.payload, coalesce(append.metadata, '{}'),
                    coalesce(append.priority, extract(epoch from moment)), append.timeout, append.deadline,
                    coalesce(append.streaming, false), moment)
            )
            insert into scheduled (id, run_at, priority, position, lane, flow)
            values (fresh, due, coalesce(append.priority, extract(epoch from moment)), nextval('ready_position_seq'), lane_id, flow_id);
        else
            with stored as (
                insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
                values (fresh, flow_id, append.type, append.payload, coalesce(append.metadata, '{}'),
                    coalesce(append.priority, extract(epoch from moment)), append.timeout, append.deadline,
                    coalesce(append.streaming, false), moment)
            )
            insert into ready (id, priority, lane, flow)
            values (fresh, coalesce(append.priority, extract(epoch from moment)), lane_id, flow_id);
        end if;
        return fresh;
    end if;

    if append.delay is not null then
        perform check_delay(null, append.delay, append.run_at);
    end if;
    if append.unique_key is not null or append.unique_scope is not null or append.unique_period is not null
            or append.on_conflict is not null then
        perform check_unique(null, append.unique_key, append.unique_scope, append.unique_period, append.on_conflict);
    end if;
    if lane_id is null then
        select o.flow_id, o.lane_id, o.bounded into flow_id, lane_id, bounded
        from open_lane(append.flow, append.type) o;
    end if;
    if append.id is not null then
        perform check_ids(array[append.id]);
    end if;
    fresh := coalesce(fresh, append.id, uuid_v7());
    if append.unique_key is null then
        perform append_rows(flow_id, bounded, array[lane_id], array[append.type], array[append.payload], array[append.metadata],
            array[append.priority], array[append.timeout], array[append.deadline], array[append.streaming], array[append.run_at],
            array[fresh], array[append.delay]);
        return fresh;
    end if;
    answers := append_unique_rows(flow_id, array[lane_id], array[append.type], array[append.payload], array[append.metadata],
        array[append.priority], array[append.timeout], array[append.deadline], array[append.streaming], array[append.run_at],
        array[fresh], array[append.unique_key], array[scope_code(append.unique_scope, append.unique_period)],
        array[append.unique_period], array[conflict_code(append.on_conflict)], array[append.delay]);
    return answers[1];
end $$;
