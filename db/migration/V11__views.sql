-- Looking at flows, workers and progressions by SQL (docs/sql.md): two views more, pages of progressions, and plans that go by
-- indexes whatever the tables' sizes were when they were made (docs/decisions/0008).
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
    if members.after is not null and (kind is null or (kind = 'a') <> (code is null or code > 1) or (kind = 'p' and code <> 0)) then
        perform refuse(null, 'not a cursor of a page of this progression: ' || quoted(members.after), '22023', null);
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

create or replace function grant_roles() returns void language plpgsql
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
            is_alive, flows_of, inspect_state, members, json_time to millrace_read;
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
