-- Watching and steering events by SQL, in the library's words (docs/sql.md), and three roles; what they may do is said in V11.
-- Patterns are written as E'…', which reads the same whatever standard_conforming_strings says.

-- Refuses a call that leaves out what it needs.
create function check_given(what text, is_given boolean) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if not is_given then
        perform refuse(null, what || ' must not be null', '22004', null);
    end if;
end $$;

-- Which status an event has; null if there is none. It is asked again where it was missed on its way from one table to another.
create function status(id uuid) returns text language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    said text;
begin
    select status_name(coalesce(o.status, r.status, 0)) into said
    from event e
    left join lateral (select o.status::integer from outcome o where o.id = e.id) o on true
    left join lateral (select 1 as status from running r where r.id = e.id) r on true
    where e.id = status.id;
    return said;
end $$;

-- An event as the library writes it; null if there is none.
create function event(id uuid) returns jsonb language sql stable
set search_path = "${flyway:defaultSchema}", pg_temp set extra_float_digits = 1 as $$
    select jsonb_build_object('id', e.id, 'created_at', iso_instant(e.created_at), 'metadata', e.metadata, 'type', e.type,
        'payload', e.payload, 'priority', e.priority, 'timeout', e.timeout, 'deadline', iso_instant(e.deadline),
        'streaming', e.streaming, 'attempt', coalesce(o.attempt, r.attempt, y.attempt, s.attempt, 0),
        'started_at', iso_instant(coalesce(o.started_at, r.claimed_at)), 'finished_at', iso_instant(o.finished_at),
        'execution', jsonb_build_object(
            'status', status_name(case when o.status is not null then o.status when r.attempt is not null then 1 else 0 end),
            'duration', o.duration, 'response', o.response, 'error', o.error, 'retryable', o.retryable))
    from event e
    left join outcome o on o.id = e.id
    left join running r on r.id = e.id
    left join ready y on y.id = e.id
    left join scheduled s on s.id = e.id
    where e.id = $1
$$;

-- The number of a flow.
create function flow_id(flow text) returns integer language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    found_id integer;
begin
    perform check_given('flow', flow_id.flow is not null);
    select f.id into found_id from flow f where f.name = flow_id.flow;
    if found_id is null then
        perform refuse(null, format('Flow %s not found', quoted(flow_id.flow)), 'MR002', null);
    end if;
    return found_id;
end $$;

-- How many events of a flow are in each status, exactly, all seven in their order.
create function status_counts(flow text) returns table (status text, n bigint) language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(status_counts.flow);
begin
    return query
        select status_name(s.code), coalesce(sum(p.n), 0)::bigint
        from generate_series(0, 6) as s (code)
        left join (
            select c.status, c.n from status_count c where c.flow = wanted
            union all
            select d.status, d.n from status_delta d where d.flow = wanted
        ) p on p.status = s.code
        group by s.code
        order by s.code;
end $$;

-- Waits until an event has ended, at most so many seconds: its status then, null if it has not. Asks at most ten times a second.
create function await(id uuid, seconds double precision) returns text language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    until timestamptz;
    pause double precision := 0.002;
    said text;
begin
    perform check_given('id', await.id is not null);
    perform check_given('seconds', await.seconds is not null);
    if not await.seconds between 0 and 3600 then -- PostgreSQL's NaN is more than any number
        perform refuse(null, 'seconds must be 0 to 3600, got ' || seconds_text(await.seconds), '22023', null);
    end if;
    until := clock_timestamp() + make_interval(secs => seconds);
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform refuse(null, 'a transaction that is REPEATABLE READ or SERIALIZABLE cannot see an event end: wait in one that is '
            'READ COMMITTED', '25000', null);
    end if;
    loop
        said := status(await.id);
        if said is null then
            perform refuse(null, format('Item %s not found', await.id), 'MR002', null);
        elsif said not in ('pending', 'processing') then
            return said;
        elsif clock_timestamp() >= until then
            return null;
        end if;
        perform pg_sleep(least(pause, greatest(0, extract(epoch from until - clock_timestamp()))));
        pause := least(0.1, pause * 2);
    end loop;
end $$;

-- The error that is stored with an event that was ended on purpose; a reason of more than 10 KiB is cut as the library cuts it.
create function ended_error(name text, reason text) returns jsonb language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    marker text := format('... [cut: %s bytes in all]', octet_length(reason));
    kept text := reason;
begin
    if reason is null then
        perform refuse(null, 'reason must not be null', '22004', null);
    elsif octet_length(reason) > 10240 then
        kept := left(reason, 10240 - length(marker));
        while octet_length(kept) > 10240 - length(marker) loop
            kept := left(kept, -greatest(1, (octet_length(kept) - 10240 + length(marker)) / 4));
        end loop;
        kept := kept || marker;
    end if;
    return jsonb_build_object('error', name, 'message', kept, 'retryable', false);
end $$;

-- Ends a pending event as cancelled (4) or skipped (5), or a running one too; says whether it did. A running one is taken from its
-- worker, which is told. Waits for a claim or a settlement of the event that is under way, then looks where it went.
create function end_event(id uuid, code integer, error jsonb) returns boolean language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    ended uuid;
    said text;
begin
    perform check_given('id', end_event.id is not null);
    loop
        with due as (
            delete from ready where id = end_event.id returning id, flow, attempt
        ), later as (
            delete from scheduled where id = end_event.id returning id, flow, attempt
        ), ran as (
            delete from running where id = end_event.id and code = 4 returning id, flow, attempt, worker, claimed_at
        ), told as (
            select pg_notify(w.channel::text, 'cancel ' || ran.id)::text
            from ran
            join worker w on w.id = ran.worker
            where w.channel is not null
        ), over as (
            insert into outcome (id, worker, started_at, duration, flow, attempt, status, retryable, error)
            select id, worker, claimed_at, extract(epoch from clock_timestamp() - claimed_at), flow, attempt, code, false, end_event.error
            from (
                select id, flow, attempt, worker, claimed_at from ran
                union all
                select id, flow, attempt, null, null from due
                union all
                select id, flow, attempt, null, null from later
            ) taken
            returning id
        )
        select over.id into ended from over left join told on true;
        if ended is not null then
            return true;
        end if;
        said := status(end_event.id);
        if said is null or not (said = 'pending' or (code = 4 and said = 'processing')) then
            return false;
        end if;
    end loop;
end $$;

create function cancel(id uuid, reason text) returns boolean language sql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
    select end_event($1, 4, ended_error('CancelledError', $2))
$$;

create function skip(id uuid, reason text) returns boolean language sql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
    select end_event($1, 5, ended_error('SkippedError', $2))
$$;

-- Gives a pending event another priority; among those of the same it keeps its place in order of append.
create function reprioritize(id uuid, priority double precision) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    moved uuid;
    said text;
begin
    perform check_given('id', reprioritize.id is not null);
    if not coalesce(reprioritize.priority > '-Infinity' and reprioritize.priority < 'Infinity', false) then
        perform refuse(null, 'Priority must be finite and not NaN, got ' || coalesce(reprioritize.priority::text, 'null'), '22023', null);
    end if;
    loop
        with due as (
            delete from ready where id = reprioritize.id returning *
        ), later as (
            delete from scheduled where id = reprioritize.id returning *
        ), again_due as (
            insert into ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
            select id, reprioritize.priority, position, lane, flow, attempt, failures, denials, deaths
            from due
        ), again_later as (
            insert into scheduled (id, run_at, priority, position, lane, flow, attempt, failures, denials, deaths)
            select id, run_at, reprioritize.priority, position, lane, flow, attempt, failures, denials, deaths
            from later
        )
        select m.id into moved from (select id from due union all select id from later) m;
        exit when moved is not null;
        said := status(reprioritize.id);
        if said is null then
            perform refuse(null, format('Item %s not found', reprioritize.id), 'MR002', null);
        elsif said <> 'pending' then
            perform refuse(null, format('event %s is %s: only a pending event can get another priority', reprioritize.id, said),
                'MR003', null);
        end if;
    end loop;
end $$;

-- Appends an event that has ended again, as a fresh one that names its original and its root; says its id.
create function retry(id uuid) returns uuid language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    fresh uuid := uuid_v7();
    moment timestamptz;
    original event%rowtype;
    held record;
    said text;
begin
    perform check_given('id', retry.id is not null);
    select e.* into original from event e where e.id = retry.id;
    if not found then
        perform refuse(null, format('Item %s not found', retry.id), 'MR002', null);
    end if;
    held := lock_flow(original.flow);
    if held.pending + 1 > held.most then
        perform refuse(null, format('Queue size (%s) exceeds max (%s)', held.pending, held.most), 'MR001', null);
    end if;
    perform from outcome o where o.id = retry.id for key share; -- against clean-up
    if not found then
        said := status(retry.id);
        if said is null then
            perform refuse(null, format('Item %s not found', retry.id), 'MR002', null);
        end if;
        perform refuse(null, format('event %s is %s: only an event that has ended can be retried', retry.id, said), 'MR003', null);
    end if;
    insert into retried (original, event) values (retry.id, fresh)
    on conflict on constraint retried_pkey do update set event = excluded.event, created_at = excluded.created_at;
    moment := clock_timestamp();
    insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    values (fresh, original.flow, original.type, original.payload,
        fresh_metadata(original.id, original.created_at, original.metadata), extract(epoch from moment), original.timeout,
        case when original.deadline > moment then original.deadline end, original.streaming, moment);
    insert into ready (id, priority, lane, flow)
    select fresh, extract(epoch from moment), l.id, l.flow
    from lane l
    where l.flow = original.flow and l.type = original.type;
    return fresh;
end $$;

-- Pauses a flow, for all its workers; one that is paused stays so, for the first reason.
create function pause_flow(flow text, reason text default null) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    paused integer := flow_id(flow);
begin
    if reason is not null then
        perform check_name('pause reason', reason);
    end if;
    update flow f set paused_at = clock_timestamp(), pause_reason = reason
    where f.id = paused and f.paused_at is null;
    if found then
        perform pg_notify(current_schema(), 'pause ' || paused);
    end if;
end $$;

create function resume_flow(flow text) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    resumed integer := flow_id(flow);
begin
    update flow f set paused_at = null, pause_reason = null
    where f.id = resumed and f.paused_at is not null;
    if found then
        perform pg_notify(current_schema(), 'pause ' || resumed);
    end if;
end $$;

-- Groups that nobody logs in as. An owner who may not make roles leaves that to an administrator (docs/sql.md).
do $$
declare
    role text;
begin
    foreach role in array array['millrace_append', 'millrace_work', 'millrace_read'] loop
        if not exists (select from pg_roles where rolname = role) then
            begin
                execute format('create role %I nologin', role);
            exception when insufficient_privilege or duplicate_object or unique_violation then
                null; -- or another migration has just made it
            end;
        end if;
    end loop;
end $$;
