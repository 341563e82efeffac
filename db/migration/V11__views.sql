-- Looking at flows, workers and progressions by SQL (docs/sql.md): two views more, pages of progressions, and plans that go by
-- indexes whatever the tables' sizes were when they were made (docs/decisions/0008). And delays of what is appended by SQL.
-- Patterns are written as E'…', which reads the same whatever standard_conforming_strings says.

-- Whether the process heard notifications when it last renewed its lease.
alter table worker add column listening boolean not null default false;

-- Whether a lease that runs until then holds, by the clock: the rule of rescue and of worker_status.
create function is_alive(expires_at timestamptz) returns boolean language sql volatile
return is_alive.expires_at >= clock_timestamp();

-- As before, but each status has a branch of its own, so that who asks for one reads that alone, by its index.
create or replace view progression_member as
    select f.name as flow, 'pending' as progression, r.id, null::timestamptz as due, r.priority as major, r.position as minor
    from ready r join flow f on f.id = r.flow
    union all
    select f.name, 'pending', s.id, s.run_at, 0, s.position from scheduled s join flow f on f.id = s.flow
    union all
    select f.name, 'processing', r.id, null, extract(epoch from r.claimed_at)::double precision, r.position
    from running r join flow f on f.id = r.flow
    union all
    select f.name, 'completed', o.id, null, 0, o.position from outcome o join flow f on f.id = o.flow where o.status = 2
    union all
    select f.name, 'failed', o.id, null, 0, o.position from outcome o join flow f on f.id = o.flow where o.status = 3
    union all
    select f.name, 'cancelled', o.id, null, 0, o.position from outcome o join flow f on f.id = o.flow where o.status = 4
    union all
    select f.name, 'skipped', o.id, null, 0, o.position from outcome o join flow f on f.id = o.flow where o.status = 5
    union all
    select f.name, 'aborted', o.id, null, 0, o.position from outcome o join flow f on f.id = o.flow where o.status = 6
    union all
    select f.name, p.name, m.event, null, 0, m.position
    from progression p join flow f on f.id = p.flow join progression_event m on m.progression = p.id;

-- Every flow at a glance. waiting_since: when the longest waiting of those that are next, one for each type, was appended.
create view flow_status as
    select f.name as flow, f.created_at, f.paused_at, f.pause_reason, f.max_pending,
        folded.pending + coalesce(since.pending, 0) as pending,
        folded.processing + coalesce(since.processing, 0) as processing,
        folded.completed + coalesce(since.completed, 0) as completed,
        folded.failed + coalesce(since.failed, 0) as failed,
        folded.cancelled + coalesce(since.cancelled, 0) as cancelled,
        folded.skipped + coalesce(since.skipped, 0) as skipped,
        folded.aborted + coalesce(since.aborted, 0) as aborted,
        head.waiting_since, clock_timestamp() - head.waiting_since as waiting, later.next_run_at,
        completed.at as last_completed_at, failed.at as last_failed_at
    from flow f
    cross join lateral (
        select coalesce(sum(n) filter (where status = 0), 0)::bigint as pending,
            coalesce(sum(n) filter (where status = 1), 0)::bigint as processing,
            coalesce(sum(n) filter (where status = 2), 0)::bigint as completed,
            coalesce(sum(n) filter (where status = 3), 0)::bigint as failed,
            coalesce(sum(n) filter (where status = 4), 0)::bigint as cancelled,
            coalesce(sum(n) filter (where status = 5), 0)::bigint as skipped,
            coalesce(sum(n) filter (where status = 6), 0)::bigint as aborted
        from status_count
        where flow = f.id
    ) folded
    left join (
        select flow, sum(n) filter (where status = 0)::bigint as pending, sum(n) filter (where status = 1)::bigint as processing,
            sum(n) filter (where status = 2)::bigint as completed, sum(n) filter (where status = 3)::bigint as failed,
            sum(n) filter (where status = 4)::bigint as cancelled, sum(n) filter (where status = 5)::bigint as skipped,
            sum(n) filter (where status = 6)::bigint as aborted
        from status_delta
        group by flow
    ) since on since.flow = f.id
    cross join lateral (
        select min(e.created_at) as waiting_since
        from lane l
        cross join (values (1), (-1)) as side (sign) -- events with a death on them queue under the negated number
        cross join lateral (
            select id from ready where lane = l.id * side.sign order by priority, position limit 1
        ) next
        cross join lateral (select created_at from event where id = next.id offset 0) e
        where l.flow = f.id
    ) head
    left join lateral (
        select run_at as next_run_at from scheduled where flow = f.id order by run_at, position limit 1
    ) later on true
    left join lateral (
        select finished_at as at from outcome where flow = f.id and status = 2 order by position desc limit 1
    ) completed on true
    left join lateral (
        select finished_at as at from outcome where flow = f.id and status = 3 order by position desc limit 1
    ) failed on true;

-- The names of the flows that a worker holds events of, whose numbers are given, or waits to be notified of. Who waits is not known
-- on a standby: what says so is not replicated.
create function flows_of(worker uuid, held integer[]) returns text[] language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    waits integer[] := '{}';
begin
    if not pg_is_in_recovery() then
        waits := array(select s.flow from sleeper s where s.worker = flows_of.worker);
    end if;
    return array(select f.name from flow f where f.id = any (held || waits) order by f.name);
end $$;

-- Every worker that is registered, or that still holds events although it is not registered any more.
create view worker_status as
    select coalesce(w.id, held.worker) as id, w.host, w.pid, w.version, w.started_at, w.heartbeat_at as renewed_at, w.expires_at,
        w.id is not null and is_alive(w.expires_at) as alive, coalesce(w.listening, false) as listening,
        flows_of(coalesce(w.id, held.worker), coalesce(held.flows, '{}')) as flows,
        coalesce(held.n, 0) as running, held.since as running_since
    from worker w
    full join (
        select worker, count(*) as n, min(claimed_at) as since, array_agg(distinct flow) as flows from running group by worker
    ) held on held.worker = w.id;

-- A flow in the words of the library: its counts, one a line, and whether it is paused.
create function inspect_state(flow text) returns text language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(inspect_state.flow);
begin
    return (
        select format('Executor State (%s):', f.name)
            || (select string_agg(format(E'\n  %s: %s events', c.status, c.n), '' order by c.place)
                from status_counts(f.name) with ordinality as c (status, n, place))
            || coalesce(E'\n  paused since ' || iso_instant(f.paused_at) || coalesce(': ' || f.pause_reason, ''), '')
        from flow f
        where f.id = wanted);
end $$;

-- One page of a progression, of a status or a user's own, in its order; place is where the next page goes on, as the library
-- writes it. Pending: due ones as they will be claimed, then scheduled ones; processing: by claim; all others: by arrival.
create function members(flow text, progression text, after text default null, size integer default 100)
returns table (id uuid, place text) language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off set extra_float_digits = 1 as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(members.flow);
    code integer := array_position(array['pending', 'processing', 'completed', 'failed', 'cancelled', 'skipped', 'aborted'],
        members.progression) - 1;
    kind text := case when members.after ~ '^(a,|[pt],[^,]+),-?[0-9]{1,19}$' then left(members.after, 1) end;
    minor bigint;
    major double precision := '-Infinity';
    moment timestamptz := '-Infinity';
    listed uuid;
    had integer;
begin
    if members.size is null or members.size not between 1 and 1000 then
        perform refuse(null, 'size must be 1 to 1000, got ' || coalesce(members.size::text, 'null'), '22023', null);
    end if;
    if code is null then
        select p.id into listed from progression p where p.flow = wanted and p.name = members.progression;
        if listed is null then
            perform refuse(null, format('Progression %s not found in flow', quoted(coalesce(members.progression, 'null'))), 'MR002', null);
        end if;
    end if;
    begin
        minor := coalesce(split_part(members.after, ',', 3)::bigint, -9223372036854775808);
        if kind = 'p' then
            major := split_part(members.after, ',', 2)::double precision;
            kind := nullif(kind, case when major = 'NaN' then 'p' end);
        elsif kind = 't' then
            moment := json_time('', split_part(members.after, ',', 2));
        end if;
    exception when data_exception then
        kind := null;
    end;
    if members.after is not null and kind is null then
        perform refuse(null, 'not a cursor of a page: ' || quoted(members.after), '22023', null);
    elsif (kind = 'a') <> (code is null or code > 1) or (kind = 'p' and code <> 0) then
        perform refuse(null, format('not a cursor of a page of %s events: %s', case when code is null then quoted(members.progression)
            else members.progression end, quoted(members.after)), '22023', null);
    end if;

    if listed is not null then
        return query
            select m.event, 'a,,' || m.position
            from progression_event m
            where m.progression = listed and m.position > minor
            order by m.position
            limit members.size;
    elsif code > 1 then
        return query
            select o.id, 'a,,' || o.position
            from outcome o
            where o.flow = wanted and o.status = code and o.position > minor
            order by o.position
            limit members.size;
    elsif code = 1 then
        return query
            select r.id, format('t,%s,%s', iso_instant(r.claimed_at), r.position)
            from running r
            where r.flow = wanted and (r.claimed_at, r.position) > (moment, minor)
            order by r.claimed_at, r.position
            limit members.size;
    else
        had := 0;
        if kind is distinct from 't' then
            return query
                select r.id, format('p,%s,%s', r.priority, r.position)
                from lane l
                cross join (values (1), (-1)) as side (sign)
                cross join lateral (
                    select y.id, y.priority, y.position
                    from ready y
                    where y.lane = l.id * side.sign and (y.priority, y.position) > (major, minor)
                    order by y.priority, y.position
                    limit members.size
                ) r
                where l.flow = wanted
                order by r.priority, r.position
                limit members.size;
            get diagnostics had = row_count;
            minor := -9223372036854775808;
        end if;
        return query
            select s.id, format('t,%s,%s', iso_instant(s.run_at), s.position)
            from scheduled s
            where s.flow = wanted and (s.run_at, s.position) > (moment, minor)
            order by s.run_at, s.position
            limit members.size - had;
    end if;
end $$;

-- A session keeps a plan from when the tables were empty, which reads them from end to end.
alter function status(uuid) set enable_seqscan = off;
alter function event(uuid) set enable_seqscan = off;
alter function end_event(uuid, integer, jsonb) set enable_seqscan = off;
alter function reprioritize(uuid, double precision) set enable_seqscan = off;
alter function retry(uuid) set enable_seqscan = off;
alter function check_ids(uuid[]) set enable_seqscan = off;

comment on view event_status is 'Every event with its status, by id.';
comment on view progression_member is 'The members of all progressions; a page in order is had from the function members.';
comment on view flow_status is 'Every flow: paused or not, its exact counts, what waits and since when, what ended last.';
comment on view worker_status is 'Every worker: who, whether its lease holds and it hears notifications, what it runs.';

-- What is appended by SQL can have a delay, as by the library: seconds from when it is stored, by the database's clock.

create function check_delay(place text, delay double precision, run_at timestamptz) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if delay = 'NaN' or delay in ('Infinity', '-Infinity') then
        perform refuse(place, 'delay must be finite, got ' || delay, '22023', null);
    elsif delay < 0 or delay > 315360000 then
        perform refuse(place, format('delay must not be negative and at most 3650 days, got %ss', seconds_text(delay)), '22023', null);
    elsif delay is not null and run_at is not null then
        perform refuse(place, 'runAt and delay exclude each other', '22023', null);
    end if;
end $$;

drop function append_rows(integer, boolean, integer[], text[], jsonb[], jsonb[], double precision[], double precision[],
    timestamptz[], boolean[], timestamptz[], uuid[]);
drop function append_unique_rows(integer, integer[], text[], jsonb[], jsonb[], double precision[], double precision[],
    timestamptz[], boolean[], timestamptz[], uuid[], text[], smallint[], double precision[], smallint[]);
drop function append(text, text, jsonb, double precision, timestamptz, double precision, timestamptz, jsonb, text, uuid, text,
    double precision, text, boolean);

-- Stores events of one flow that have been looked at and have no unique keys, all or none.
create function append_rows(flow_id integer, bounded boolean, lanes integer[], types text[], payloads jsonb[], metadata jsonb[],
    priorities double precision[], timeouts double precision[], deadlines timestamptz[], streaming boolean[],
    run_ats timestamptz[], ids uuid[], delays double precision[]) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    moment timestamptz := clock_timestamp();
    held record;
begin
    if bounded then
        held := lock_flow(flow_id);
        if held.pending + cardinality(ids) > held.most then
            perform refuse(null, format('Queue size (%s) exceeds max (%s)', held.pending + cardinality(ids) - 1, held.most),
                'MR001', null);
        end if;
    end if;
    with input as materialized (
        select i.*, coalesce(i.given_priority, extract(epoch from moment)) as priority,
            coalesce(i.given_run_at, moment + i.delay * interval '1 second') as run_at
        from unnest(ids, lanes, types, payloads, append_rows.metadata, priorities, timeouts, deadlines, append_rows.streaming,
                run_ats, delays)
            with ordinality as i (id, lane, type, payload, metadata, given_priority, timeout, deadline, streaming, given_run_at,
                delay, n)
    ), stored as (
        insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
        select id, flow_id, type, payload, coalesce(metadata, '{}'), priority, timeout, deadline, coalesce(streaming, false), moment
        from input
        order by n
    ), later as (
        insert into scheduled (id, run_at, priority, position, lane, flow)
        select id, run_at, priority, nextval('ready_position_seq'), lane, flow_id
        from input
        where run_at > moment
        order by n
    )
    insert into ready (id, priority, lane, flow)
    select id, priority, lane, flow_id
    from input
    where run_at is null or run_at <= moment
    order by n;
end $$;

-- The same for events some of which have unique keys. Says for each its id, or who has its key. Those whose key stands more than
-- once come one after the other, as in the library.
create function append_unique_rows(flow_id integer, lanes integer[], types text[], payloads jsonb[], metadata jsonb[],
    priorities double precision[], timeouts double precision[], deadlines timestamptz[], streaming boolean[],
    run_ats timestamptz[], ids uuid[], keys text[], scopes smallint[], periods double precision[], conflicts smallint[],
    delays double precision[])
returns uuid[] language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    moment timestamptz;
    rounds bigint[];
    round bigint;
    held record;
    met record;
    answers uuid[] := ids;
begin
    select array_agg(r.round order by r.n) into rounds
    from (
        select k.n, case when k.key is null then 1 else row_number() over (partition by k.key order by k.n) end as round
        from unnest(keys) with ordinality as k (key, n)
    ) r;
    for round in select distinct r from unnest(rounds) r order by r loop
        held := lock_flow(flow_id); -- its limit may be younger than the look that found it
        moment := clock_timestamp();
        for met in
            with input as materialized (
                select i.*
                from unnest(ids, lanes, types, payloads, append_unique_rows.metadata, priorities, timeouts, deadlines,
                        append_unique_rows.streaming, run_ats, keys, scopes, periods, conflicts, rounds, delays)
                    with ordinality as i (id, lane, type, payload, metadata, given_priority, timeout, deadline, streaming,
                        given_run_at, key, scope, period, conflict, its_round, delay, n)
                where its_round = round
            ), met as materialized (
                select m.*
                from (
                    select array_agg(id order by n) as ids, array_agg(key order by n) as keys, array_agg(scope order by n) as scopes,
                        array_agg(period order by n) as periods, array_agg(conflict order by n) as conflicts
                    from input
                ) i
                cross join lateral take_keys(flow_id, i.ids, i.keys, i.scopes, i.periods, i.conflicts, moment, false,
                    case when held.most is null then 2147483647 else greatest(0, held.most - held.pending)::integer end) m
            ), taken as materialized (
                select i.*, coalesce(i.given_priority, m.priority, extract(epoch from moment)) as priority, m.place,
                    coalesce(i.given_run_at, moment + i.delay * interval '1 second', m.due) as run_at
                from input i
                left join met m on m.id = i.id
                where m.answer is distinct from 0 and not exists (select from met where answer >= 2)
            ), stored as (
                insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
                select id, flow_id, type, payload, coalesce(metadata, '{}'), priority, timeout, deadline,
                    coalesce(streaming, false), moment
                from taken
                order by n
            ), later as (
                insert into scheduled (id, run_at, priority, position, lane, flow)
                select id, run_at, priority, coalesce(place, nextval('ready_position_seq')), lane, flow_id
                from taken
                where run_at > moment
                order by n
            ), due as (
                insert into ready (id, priority, position, lane, flow)
                select id, priority, coalesce(place, nextval('ready_position_seq')), lane, flow_id
                from taken
                where run_at is null or run_at <= moment
                order by n
            )
            select id, holder, answer, place from met
        loop
            case met.answer
                when 0 then
                    answers[array_position(ids, met.id)] := met.holder;
                when 2 then
                    perform refuse(null, format('Item %s was not appended: item %s holds its unique key; nothing was stored. Append it '
                        'when that has ended, or choose another onConflict', met.id, met.holder), '23505', met.holder::text);
                when 3 then
                    perform refuse(null, format('Queue size (%s) exceeds max (%s)', held.pending + met.place - 1, held.most),
                        'MR001', null);
                else null; -- stored in the place of another
            end case;
        end loop;
    end loop;
    return answers;
end $$;

-- Appends an event, in the caller's transaction. Says its id, or with a unique key that another holds, that one's.
create function append(flow text, type text, payload jsonb, priority double precision default null,
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
    select f.id, l.id, f.max_pending is not null into flow_id, lane_id, bounded
    from flow f
    join lane l on l.flow = f.id and l.type = append.type
    where f.name = append.flow;
    if not is_sound(append.payload, append.metadata, append.priority, append.timeout, append.run_at, append.deadline) then
        perform check_event(null, append.payload, append.metadata, append.priority, append.timeout, append.run_at, append.deadline);
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

    fresh := coalesce(append.id, uuid_v7());
    if append.unique_key is not null then
        answers := append_unique_rows(flow_id, array[lane_id], array[append.type], array[append.payload], array[append.metadata],
            array[append.priority], array[append.timeout], array[append.deadline], array[append.streaming], array[append.run_at],
            array[fresh], array[append.unique_key], array[scope_code(append.unique_scope, append.unique_period)],
            array[append.unique_period], array[conflict_code(append.on_conflict)], array[append.delay]);
        return answers[1];
    elsif bounded then
        perform append_rows(flow_id, true, array[lane_id], array[append.type], array[append.payload], array[append.metadata],
            array[append.priority], array[append.timeout], array[append.deadline], array[append.streaming], array[append.run_at],
            array[fresh], array[append.delay]);
        return fresh;
    end if;

    moment := clock_timestamp();
    due := coalesce(append.run_at, moment + append.delay * interval '1 second');
    insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    values (fresh, flow_id, append.type, append.payload, coalesce(append.metadata, '{}'),
        coalesce(append.priority, extract(epoch from moment)), append.timeout, append.deadline, coalesce(append.streaming, false), moment);
    if due > moment then
        insert into scheduled (id, run_at, priority, position, lane, flow)
        values (fresh, due, coalesce(append.priority, extract(epoch from moment)), nextval('ready_position_seq'), lane_id, flow_id);
    else
        insert into ready (id, priority, lane, flow)
        values (fresh, coalesce(append.priority, extract(epoch from moment)), lane_id, flow_id);
    end if;
    return fresh;
end $$;

-- Appends many events, all or none, in the caller's transaction: an array of objects whose keys are named as the arguments of
-- append; flow and type are for those that do not say. Says their ids in the same order, as append does.
create or replace function append_many(events jsonb, flow text default null, type text default null)
returns setof uuid language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    known constant text[] := array['flow', 'type', 'payload', 'priority', 'run_at', 'timeout', 'deadline', 'metadata', 'unique_key',
        'id', 'unique_scope', 'unique_period', 'on_conflict', 'streaming', 'delay'];
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
    for place in 1 .. case when given.sound and not given.keyed and not given.delayed then 0 else given.number end loop
        perform check_event(format('index %s of %s: ', place - 1, given.number), given.payloads[place], given.metadata[place],
            given.priorities[place], given.timeouts[place], given.run_ats[place], given.deadlines[place]);
        perform check_delay(format('index %s of %s: ', place - 1, given.number), given.delays[place], given.run_ats[place]);
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
    return query select unnest(answers);
end $$;

create or replace view enqueue as
    select null::text as flow, null::text as type, null::jsonb as payload, null::double precision as priority,
        null::timestamptz as run_at, null::double precision as timeout, null::timestamptz as deadline, null::jsonb as metadata,
        null::text as unique_key, null::uuid as id, null::text as unique_scope, null::double precision as unique_period,
        null::text as on_conflict, null::boolean as streaming, null::double precision as delay
    where false;

create or replace function enqueue_row() returns trigger language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    new.id := append(new.flow, new.type, new.payload, new.priority, new.run_at, new.timeout, new.deadline, new.metadata,
        new.unique_key, new.id, new.unique_scope, new.unique_period, new.on_conflict, new.streaming, new.delay);
    return new;
end $$;

-- Gives the three roles what they need, those of them that exist, and nobody else anything. To be said again by the owner when
-- one was made later, and by every migration that makes something new.
create function grant_roles() returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    home constant text := quote_ident(current_schema());
begin
    execute format('revoke all on schema %s from public', home);
    execute format('revoke all on all tables in schema %s from public', home);
    execute format('revoke all on all sequences in schema %s from public', home);
    execute format('revoke all on all functions in schema %s from public', home);
    if exists (select from pg_roles where rolname = 'millrace_append') then
        execute format('grant usage on schema %s to millrace_append', home);
        grant select, insert on enqueue to millrace_append;
        grant execute on function append, append_many to millrace_append;
    end if;
    if exists (select from pg_roles where rolname = 'millrace_read') then
        execute format('grant usage on schema %s to millrace_read', home);
        execute format('grant select on all tables in schema %s to millrace_read', home);
        revoke all on enqueue from millrace_read;
        grant execute on function status_name, iso_instant, status, event, status_counts, await, flow_id, refuse, quoted, is_plain,
            is_alive, flows_of, inspect_state, members, json_time, check_given, seconds_text to millrace_read;
    end if;
    if exists (select from pg_roles where rolname = 'millrace_work') then
        execute format('grant usage on schema %s to millrace_work', home);
        execute format('grant select, insert, delete on all tables in schema %s to millrace_work', home);
        execute format('grant usage, select on all sequences in schema %s to millrace_work', home);
        execute format('grant execute on all functions in schema %s to millrace_work', home);
        revoke delete on flow, lane from millrace_work;
        revoke insert, delete on schema_history from millrace_work;
        revoke delete on enqueue from millrace_work;
        revoke insert, delete on event_status, progression_member, flow_status, worker_status, unique_key_state from millrace_work;
        revoke execute on function grant_roles from millrace_work;
        grant update on flow, ready, scheduled, running, worker, attempt, progression, progression_event, status_count, sleeper,
            unique_key, retried, expiry, progress, status_delta to millrace_work;
        grant update (id) on outcome to millrace_work; -- to lock a row; what is in it stays
    end if;
end $$;
select grant_roles();
