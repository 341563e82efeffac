-- How many deaths a single event may see, workers that were asked to stop, payloads that a worker cannot read, and what makes a
-- restored flow the same flow (docs/decisions/0016-what-a-worker-cannot-run.md).

-- undecodable: its worker could not read its payload.
alter table attempt drop constraint attempt_reason_known;
alter table attempt add constraint attempt_reason_known check (reason in
    ('retry', 'denied', 'wait', 'permission-error', 'snooze', 'shutdown', 'lost', 'cancelled', 'pause', 'undecodable'));
comment on index attempt_pkey is 'permission_errors, undecodable, settled_by, clean_up: the history of an event';

-- Since when a worker has been asked to stop. Null until then.
alter table worker add column stopping_at timestamptz;
alter table worker add constraint worker_stopping_at_finite check (isfinite(stopping_at));

-- What a few events ask for beside their facts. Nothing of the hot path reads or writes it, unless an event asks for something.
-- The reference is checked when a transaction ends: retry names the fresh event before it stores it.
create table event_option (
    event       uuid not null,
    max_crashes smallint not null,                      -- deaths of its workers that abort it
    constraint event_option_pkey primary key (event),
    constraint event_option_event_fkey foreign key (event) references event (id) on delete cascade deferrable initially deferred,
    constraint event_option_max_crashes_bounded check (max_crashes between 1 and 100)
);
comment on table event_option is 'What a few events ask for beside their facts. Gone with the event.';
comment on index event_option_pkey is 'find, page_ready, page_outcome, rescue, max_crashes: an event by id';

-- A fresh event has the options of its original, whoever retries it.
create function option_kept() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
begin
    insert into event_option (event, max_crashes)
    select m.event, o.max_crashes
    from marked m
    join event_option o on o.event = m.original
    on conflict on constraint event_option_pkey do nothing; -- the same retry once more
    return null;
end $$;

create trigger option_kept after insert on retried referencing new table as marked
    for each statement execute function option_kept();
create trigger option_kept_again after update on retried referencing new table as marked
    for each statement execute function option_kept();

-- What a snapshot says of a restored flow that its rows do not: ids, times and notes of the piles and of the statuses'
-- progressions, and the order of the progressions. Null while all of that follows from the flow's id and creation.
alter table flow add column frame jsonb;
alter table flow add constraint flow_frame_object check (jsonb_typeof(frame) = 'object');

-- A restored progression may have no name.
alter table progression alter column name drop not null;

-- As before, and since when a worker has been asked to stop.
create or replace view worker_status as
    select coalesce(w.id, held.worker) as id, w.host, w.pid, w.version, w.started_at, w.heartbeat_at as renewed_at, w.expires_at,
        w.id is not null and is_alive(w.expires_at) as alive, coalesce(w.listening, false) as listening,
        flows_of(coalesce(w.id, held.worker),
            coalesce(held.flows, '{}') || array(select l.flow from lane l where l.id = any (w.lanes))) as flows,
        coalesce(held.n, 0) as running, held.since as running_since, w.stopping_at
    from worker w
    full join (
        select worker, count(*) as n, min(claimed_at) as since, array_agg(distinct flow) as flows from running group by worker
    ) held on held.worker = w.id;

-- As before, and how many deaths the event may see, if it says that.
create or replace function event(id uuid) returns jsonb language sql stable
set search_path = "${flyway:defaultSchema}", pg_temp set extra_float_digits = 1 set enable_seqscan = off as $$
    select jsonb_build_object('id', e.id, 'created_at', iso_instant(e.created_at), 'metadata', e.metadata, 'type', e.type,
        'payload', e.payload, 'priority', e.priority, 'timeout', e.timeout, 'deadline', iso_instant(e.deadline),
        'streaming', e.streaming, 'attempt', coalesce(o.attempt, r.attempt, y.attempt, s.attempt, 0),
        'started_at', iso_instant(coalesce(o.started_at, r.claimed_at)), 'finished_at', iso_instant(o.finished_at),
        'execution', jsonb_build_object(
            'status', status_name(case when o.status is not null then o.status when r.attempt is not null then 1 else 0 end),
            'duration', o.duration, 'response', o.response, 'error', o.error, 'retryable', o.retryable))
        || coalesce((select jsonb_build_object('max_crashes', p.max_crashes) from event_option p where p.event = e.id), '{}')
        || case when y.attempt is null and s.attempt is null then '{}'::jsonb
            else jsonb_build_object('waiting', jsonb_build_object('priority', coalesce(y.priority, s.priority),
                'denials', coalesce(y.denials, s.denials), 'due_at', iso_instant(s.run_at))) end
    from event e
    left join outcome o on o.id = e.id
    left join running r on r.id = e.id
    left join ready y on y.id = e.id
    left join scheduled s on s.id = e.id
    where e.id = $1
$$;

-- What is appended by SQL can say how many deaths it may see, as by the library.

create function check_max_crashes(place text, max_crashes integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if max_crashes not between 1 and 100 then
        perform refuse(place, format('maxCrashes must be 1 to 100, got %s', max_crashes), '22023', null);
    end if;
end $$;

drop function append(text, text, jsonb, double precision, timestamptz, double precision, timestamptz, jsonb, text, uuid, text,
    double precision, text, boolean, double precision);

-- Appends an event, in the caller's transaction. Says its id, or with a unique key that another holds, that one's.
create function append(flow text, type text, payload jsonb, priority double precision default null,
    run_at timestamptz default null, timeout double precision default null, deadline timestamptz default null,
    metadata jsonb default null, unique_key text default null, id uuid default null, unique_scope text default null,
    unique_period double precision default null, on_conflict text default null, streaming boolean default null,
    delay double precision default null, max_crashes integer default null)
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
    if append.max_crashes is not null then
        perform check_max_crashes(null, append.max_crashes);
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
        if append.max_crashes is not null then
            insert into event_option (event, max_crashes) values (fresh, append.max_crashes);
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
        answers := array[fresh];
    else
        answers := append_unique_rows(flow_id, array[lane_id], array[append.type], array[append.payload], array[append.metadata],
            array[append.priority], array[append.timeout], array[append.deadline], array[append.streaming], array[append.run_at],
            array[fresh], array[append.unique_key], array[scope_code(append.unique_scope, append.unique_period)],
            array[append.unique_period], array[conflict_code(append.on_conflict)], array[append.delay]);
    end if;
    if append.max_crashes is not null and answers[1] = fresh then
        insert into event_option (event, max_crashes) values (fresh, append.max_crashes);
    end if;
    return answers[1];
end $$;

-- Appends many events, all or none, in the caller's transaction: an array of objects whose keys are named as the arguments of
-- append; flow and type are for those that do not say. Says their ids in the same order, as append does.
create or replace function append_many(events jsonb, flow text default null, type text default null)
returns setof uuid language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    known constant text[] := array['flow', 'type', 'payload', 'priority', 'run_at', 'timeout', 'deadline', 'metadata', 'unique_key',
        'id', 'unique_scope', 'unique_period', 'on_conflict', 'streaming', 'delay', 'max_crashes'];
    given record;
    target record;
    part record;
    codes record;
    answers uuid[];
begin
    if jsonb_typeof(events) is distinct from 'array' then
        perform refuse(null, 'events must be an array, got ' || coalesce(jsonb_typeof(events), 'null'), '22023', null);
    end if;
    select count(*)::integer as number, array_agg(flow) as flows, array_agg(type) as types,
        array_agg(payload) as payloads, array_agg(metadata) as metadata,
        array_agg(priority) as priorities, array_agg(timeout) as timeouts,
        array_agg(deadline) as deadlines, array_agg(run_at) as run_ats,
        array_agg(streaming) as streaming, array_agg(id) as given_ids,
        array_agg(coalesce(id, uuid_v7())) as ids, array_agg(unique_key) as keys,
        array_agg(unique_scope) as scopes, array_agg(unique_period) as periods,
        array_agg(on_conflict) as conflicts, array_agg(delay) as delays, bool_or(delay is not null) as delayed,
        array_agg(max_crashes) as most_crashes, bool_or(max_crashes is not null) as optioned,
        min(n) filter (where stranger) as stranger,
        bool_or(keyed) as keyed, bool_and(is_sound(payload, metadata, priority, timeout, run_at, deadline)) as sound
    into given
    from (
        select n, coalesce(e ->> 'flow', append_many.flow) as flow, coalesce(e ->> 'type', append_many.type) as type,
            e -> 'payload' as payload, nullif(e -> 'metadata', 'null') as metadata,
            (e ->> 'priority')::double precision as priority, (e ->> 'timeout')::double precision as timeout,
            case when e ? 'deadline' then json_time('deadline', e ->> 'deadline') end as deadline,
            case when e ? 'run_at' then json_time('run_at', e ->> 'run_at') end as run_at,
            (e ->> 'streaming')::boolean as streaming, (e ->> 'id')::uuid as id, e ->> 'unique_key' as unique_key,
            e ->> 'unique_scope' as unique_scope, (e ->> 'unique_period')::double precision as unique_period,
            e ->> 'on_conflict' as on_conflict, (e ->> 'delay')::double precision as delay,
            (e ->> 'max_crashes')::integer as max_crashes,
            case when jsonb_typeof(e) = 'object' then e - known <> '{}' else true end as stranger,
            e ?| array['unique_key', 'unique_scope', 'unique_period', 'on_conflict'] as keyed
        from jsonb_array_elements(events) with ordinality as i (e, n)
        order by n -- once, not for each of the arrays
        offset 0 -- each value once
    ) i;
    if given.number = 0 then
        return;
    end if;
    if given.stranger is not null then
        perform refuse(format('index %s of %s: ', given.stranger - 1, given.number),
            case when jsonb_typeof(events -> (given.stranger - 1)::integer) <> 'object' then 'an event must be an object'
                else format('unknown key %s; there are %s',
                    (select quoted(min(k collate "C")) from jsonb_object_keys((events -> (given.stranger - 1)::integer) - known) k),
                    array_to_string(known, ', ')) end, '22023', null);
    end if;
    for place in 1 .. case when given.sound and not (given.keyed or given.delayed or given.optioned) then 0 else given.number end loop
        perform check_event(format('index %s of %s: ', place - 1, given.number), given.payloads[place], given.metadata[place],
            given.priorities[place], given.timeouts[place], given.run_ats[place], given.deadlines[place]);
        perform check_delay(format('index %s of %s: ', place - 1, given.number), given.delays[place], given.run_ats[place]);
        perform check_max_crashes(format('index %s of %s: ', place - 1, given.number), given.most_crashes[place]);
        perform check_unique(format('index %s of %s: ', place - 1, given.number), given.keys[place], given.scopes[place],
            given.periods[place], given.conflicts[place]);
    end loop;
    perform check_ids(given.given_ids);

    for target in
        select distinct w.flow, w.type
        from unnest(given.flows, given.types) as w (flow, type)
        where not exists (select from flow f join lane l on l.flow = f.id where f.name = w.flow and l.type = w.type)
        order by flow, type
    loop
        perform open_lane(target.flow, target.type);
    end loop;
    answers := given.ids;
    for target in
        select f.id as flow_id, f.max_pending is not null as bounded, array_agg(l.id order by w.n) as lanes,
            array_agg(w.n order by w.n) as places
        from unnest(given.flows, given.types) with ordinality as w (flow, type, n)
        join flow f on f.name = w.flow
        join lane l on l.flow = f.id and l.type = w.type
        group by f.id
        order by f.id -- bounded flows are locked in one order
    loop
        if cardinality(target.places) < given.number then
            select array_agg(type order by n) as types,
                array_agg(payload order by n) as payloads, array_agg(metadata order by n) as metadata,
                array_agg(priority order by n) as priorities, array_agg(timeout order by n) as timeouts,
                array_agg(deadline order by n) as deadlines, array_agg(run_at order by n) as run_ats,
                array_agg(streaming order by n) as streaming, array_agg(id order by n) as ids, array_agg(unique_key order by n) as keys,
                array_agg(unique_scope order by n) as scopes, array_agg(unique_period order by n) as periods,
                array_agg(on_conflict order by n) as conflicts, array_agg(delay order by n) as delays
            into part
            from unnest(given.types, given.payloads, given.metadata, given.priorities, given.timeouts, given.deadlines,
                    given.run_ats, given.streaming, given.ids, given.keys, given.scopes, given.periods, given.conflicts,
                    given.delays)
                with ordinality as i (type, payload, metadata, priority, timeout, deadline, run_at, streaming, id, unique_key,
                    unique_scope, unique_period, on_conflict, delay, n)
            where n = any (target.places);
        else
            select given.types as types, given.payloads as payloads, given.metadata as metadata, given.priorities as priorities,
                given.timeouts as timeouts, given.deadlines as deadlines, given.run_ats as run_ats, given.streaming as streaming,
                given.ids as ids, given.keys as keys, given.scopes as scopes, given.periods as periods, given.conflicts as conflicts,
                given.delays as delays
            into part;
        end if;
        if given.keyed then
            select array_agg(scope_code(s.scope, s.period) order by s.n) as scopes, array_agg(conflict_code(s.conflict) order by s.n) as conflicts
            into codes
            from unnest(part.scopes, part.periods, part.conflicts) with ordinality as s (scope, period, conflict, n);
            part.ids := append_unique_rows(target.flow_id, target.lanes, part.types, part.payloads, part.metadata, part.priorities,
                part.timeouts, part.deadlines, part.streaming, part.run_ats, part.ids, part.keys, codes.scopes, part.periods,
                codes.conflicts, part.delays);
            for place in 1 .. cardinality(target.places) loop
                answers[target.places[place]] := part.ids[place];
            end loop;
        else
            perform append_rows(target.flow_id, target.bounded, target.lanes, part.types, part.payloads, part.metadata,
                part.priorities, part.timeouts, part.deadlines, part.streaming, part.run_ats, part.ids, part.delays);
        end if;
    end loop;
    if given.optioned then
        insert into event_option (event, max_crashes)
        select o.id, o.max_crashes
        from unnest(given.ids, given.most_crashes, answers) as o (id, max_crashes, answer)
        where o.max_crashes is not null and o.answer = o.id; -- else another has its unique key
    end if;
    return query select unnest(answers);
end $$;

create or replace view enqueue as
    select null::text as flow, null::text as type, null::jsonb as payload, null::double precision as priority,
        null::timestamptz as run_at, null::double precision as timeout, null::timestamptz as deadline, null::jsonb as metadata,
        null::text as unique_key, null::uuid as id, null::text as unique_scope, null::double precision as unique_period,
        null::text as on_conflict, null::boolean as streaming, null::double precision as delay,
        null::integer as max_crashes
    where false;

create or replace function enqueue_row() returns trigger language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    new.id := append(new.flow, new.type, new.payload, new.priority, new.run_at, new.timeout, new.deadline, new.metadata,
        new.unique_key, new.id, new.unique_scope, new.unique_period, new.on_conflict, new.streaming, new.delay, new.max_crashes);
    return new;
end $$;
