-- Failures: which events ended without success and when, the attempts at an event, and acts on many events at once: cancel, skip,
-- append again, clean up (docs/control.md, docs/decisions/0015-failures-and-many-at-once.md).
-- The acts work in windows. The library calls a window in a transaction of its own; the functions for SQL repeat it.

-- Costs a completed event nothing: it is not in this index.
create index outcome_unsuccessful on outcome (flow, status, finished_at, position) where status > 2;
comment on index outcome_unsuccessful is 'failures, count_failures, retry_last: what ended without success, by time';

-- The codes of statuses that events end in, in their order. lowest is the first that is allowed.
create function ended_codes(statuses text[], lowest integer) returns smallint[] language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    known constant text[] := array(select status_name(c.code) from generate_series(lowest, 6) c (code) order by c.code);
    bad text;
begin
    perform check_given('statuses', ended_codes.statuses is not null);
    select quoted(coalesce(s.name, 'null')) into bad
    from unnest(ended_codes.statuses) with ordinality as s (name, n)
    where s.name is null or s.name <> all (known)
    order by s.n
    limit 1;
    if found then
        perform refuse(null, format('statuses must be of %s, got %s', array_to_string(known, ', '), bad), '22023', null);
    end if;
    return array(
        select c.code::smallint
        from generate_series(lowest, 6) c (code)
        where status_name(c.code) = any (ended_codes.statuses)
        order by c.code);
end $$;

create function check_size(size integer, most integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if size is null or size not between 1 and most then
        perform refuse(null, format('size must be 1 to %s, got %s', most, coalesce(size::text, 'null')), '22023', null);
    end if;
end $$;

-- What came of the attempt with which an event ended so: the results of attempt.reason, and the statuses. Aborted is no result by
-- itself where the error says what the last attempt was: a denial, a failed permission check, a worker's death.
create function ended_result(status integer, error jsonb) returns text language sql immutable
return case when status = 6 then
    case error ->> 'error'
        when 'PermissionDeniedError' then 'denied'
        when 'ExecutionError' then 'permission-error'
        when 'WorkerDeath' then 'lost'
        else 'aborted'
    end
else (array['completed', 'failed', 'cancelled', 'skipped'])[status - 1]
end;

-- Every attempt at an event in order, the one that settled it and the one that runs included; none if there is no such event.
create function attempts(id uuid)
returns table (attempt integer, result text, worker uuid, started_at timestamptz, finished_at timestamptz,
    duration double precision, error jsonb)
language sql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
    select a.attempt, a.reason, a.worker, a.started_at, a.finished_at, a.duration, a.error
    from attempt a
    where a.event = $1
    union all
    select o.attempt, ended_result(o.status, o.error), o.worker, o.started_at, o.finished_at, o.duration, nullif(o.error, 'null')
    from outcome o
    where o.id = $1 and o.started_at is not null -- else it was never claimed, or had gone back before it was ended
        and not exists (select from attempt a where a.event = o.id and a.attempt = o.attempt)
    union all
    select r.attempt, 'processing', r.worker, r.claimed_at, null, null, null
    from running r
    where r.id = $1
    order by 1
$$;

-- One page of what ended without success, the newest first, from since on and before until; place is where the next page goes on.
create function failed(flow text, since timestamptz default null, until timestamptz default null, after text default null,
    size integer default 100, statuses text[] default array['failed', 'cancelled', 'aborted'])
returns table (id uuid, type text, status text, attempt integer, finished_at timestamptz, duration double precision,
    error jsonb, retryable boolean, place text)
language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(failed.flow);
    codes smallint[] := ended_codes(failed.statuses, 3);
    moment timestamptz := 'infinity';
    minor bigint := 9223372036854775807;
    legal boolean := failed.after is null;
begin
    perform check_size(failed.size, 1000);
    if failed.after ~ '^t,[^,]+,-?[0-9]{1,19}$' then
        begin
            moment := json_time('', split_part(failed.after, ',', 2));
            minor := split_part(failed.after, ',', 3)::bigint;
            legal := true;
        exception when data_exception then
            legal := false;
        end;
    end if;
    if not legal then
        perform refuse(null, 'not a cursor of a page: ' || quoted(failed.after), '22023', null);
    end if;
    return query
        select o.id, e.type::text, status_name(o.status), o.attempt::integer, o.finished_at::timestamptz,
            o.duration::double precision, o.error::jsonb, o.retryable, format('t,%s,%s', iso_instant(o.finished_at), o.position)
        from (
            select n.*
            from unnest(codes) as s (code)
            cross join lateral (
                select f.*
                from outcome f
                where f.flow = wanted and f.status = s.code and f.status > 2
                    and f.finished_at >= coalesce(failed.since, '-infinity')
                    and f.finished_at < coalesce(failed.until, 'infinity')
                    and (f.finished_at, f.position) < (moment, minor)
                order by f.finished_at desc, f.position desc
                limit failed.size
            ) n
            order by n.finished_at desc, n.position desc
            limit failed.size
        ) o
        cross join lateral (select v.type from event v where v.id = o.id offset 0) e
        order by o.finished_at desc, o.position desc;
end $$;

-- How many events ended without success from since on and before until. Of all times it costs the same for any number; of a time
-- it reads the entries of the index from that time.
create function failed_count(flow text, since timestamptz default null, until timestamptz default null,
    statuses text[] default array['failed', 'cancelled', 'aborted'])
returns bigint language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(failed_count.flow);
    codes smallint[] := ended_codes(failed_count.statuses, 3);
begin
    if failed_count.since is null and failed_count.until is null then
        return (
            select coalesce(sum(parts.n), 0)
            from (
                select c.n from status_count c where c.flow = wanted and c.status = any (codes)
                union all
                select d.n from status_delta d where d.flow = wanted and d.status = any (codes)
            ) parts);
    end if;
    return (
        select coalesce(sum(found.n), 0)
        from unnest(codes) as s (code)
        cross join lateral (
            select count(*) as n
            from (
                select
                from outcome f
                where f.flow = wanted and f.status = s.code and f.status > 2
                    and f.finished_at >= coalesce(failed_count.since, '-infinity')
                    and f.finished_at < coalesce(failed_count.until, 'infinity')
                order by f.finished_at desc, f.position desc -- by the index of times, whatever the size when this was planned
                offset 0
            ) f
        ) found);
end $$;

-- One page of a progression the newest first: of a status that events end in, or of a user's own. before is the place of the page
-- before. Pending and processing have no newest first: they are ordered by what is claimed next, and by claim.
create function latest_members(flow text, progression text, before text default null, size integer default 100)
returns table (id uuid, place text) language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(latest_members.flow);
    code integer := array_position(array(select status_name(c) from generate_series(0, 6) c order by c),
        latest_members.progression) - 1;
    minor bigint := 9223372036854775807;
    listed uuid;
begin
    perform check_size(latest_members.size, 1000);
    if code < 2 then
        perform refuse(null, format('%s events have no newest first: page them with members', latest_members.progression),
            '22023', null);
    elsif code is null then
        select p.id into listed from progression p where p.flow = wanted and p.name = latest_members.progression;
        if listed is null then
            perform refuse(null, format('Progression %s not found in flow',
                quoted(coalesce(latest_members.progression, 'null'))), 'MR002', null);
        end if;
    end if;
    if latest_members.before is not null then
        begin
            minor := case when latest_members.before ~ '^a,,-?[0-9]{1,19}$' then split_part(latest_members.before, ',', 3)::bigint end;
        exception when data_exception then
            minor := null;
        end;
        if minor is null then
            perform refuse(null, 'not a cursor of a page: ' || quoted(latest_members.before), '22023', null);
        end if;
    end if;
    if listed is not null then
        return query
            select m.event, 'a,,' || m.position
            from progression_event m
            where m.progression = listed and m.position < minor
            order by m.position desc
            limit latest_members.size;
    else
        return query
            select o.id, 'a,,' || o.position
            from outcome o
            where o.flow = wanted and o.status = code and o.position < minor
            order by o.position desc
            limit latest_members.size;
    end if;
end $$;

-- The error that is stored with an event that was ended on purpose; a reason of more than 10 KiB is cut as the library cuts it.
-- A cancelled event may succeed another time, a skipped one is not wanted (docs/decisions/0015-failures-and-many-at-once.md).
create or replace function ended_error(name text, reason text) returns jsonb language plpgsql immutable
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
    return jsonb_build_object('error', name, 'message', kept, 'retryable', name = 'CancelledError');
end $$;

-- Ends a pending event as cancelled (4) or skipped (5), or a running one too; says whether it did. A running one is taken from its
-- worker, which is told. Waits for a claim or a settlement of the event that is under way, then looks where it went.
create or replace function end_event(id uuid, code integer, error jsonb) returns boolean language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
    ended uuid;
    said text;
begin
    perform check_given('id', end_event.id is not null);
    loop
        with clock as materialized (
            select clock_timestamp() as moment
        ), due as (
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
            insert into outcome (id, worker, started_at, finished_at, duration, flow, attempt, status, retryable, error)
            select id, worker, claimed_at, moment, extract(epoch from moment - claimed_at), flow, attempt, code, code = 4,
                end_event.error
            from (
                select id, flow, attempt, worker, claimed_at from ran
                union all
                select id, flow, attempt, null, null from due
                union all
                select id, flow, attempt, null, null from later
            ) taken
            cross join clock
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

-- The lanes of a flow, of these types or of all, in order; each beside its negated number, under which suspects queue.
create function lanes_of(flow_id integer, types text[]) returns integer[] language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
begin
    return array(
        select l.id * side.sign as lane
        from lane l
        cross join (values (-1), (1)) as side (sign)
        where l.flow = lanes_of.flow_id and (lanes_of.types is null or l.type = any (lanes_of.types))
        order by lane);
end $$;

-- Which of a flow's events are meant by an act on many that have not ended. last: the highest position in order of append.
create type open_filter as (
    flow       integer,
    lanes      integer[],
    since      timestamptz,                             -- appended then or later
    until      timestamptz,                             -- appended before then
    lowest     double precision,
    highest    double precision,
    last       bigint
);

-- Whether an event was appended in that time; asks nothing if any time will do.
create function is_of_time(event uuid, since timestamptz, until timestamptz) returns boolean language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
begin
    return (select e.created_at >= coalesce(since, '-infinity') and e.created_at < coalesce(until, 'infinity')
        from event e where e.id = is_of_time.event);
end $$;

-- The filter of an act on many that begins now: what is appended from now on does not fit.
create function open_filter_of(flow_id integer, types text[], since timestamptz, until timestamptz, lowest double precision,
    highest double precision) returns open_filter language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if lowest = 'NaN' or highest = 'NaN' or lowest > highest then
        perform refuse(null, format('the lowest priority must be at most the highest, got %s and %s', coalesce(lowest, '-Infinity'),
            coalesce(highest, 'Infinity')), '22023', null);
    elsif array_position(types, null) is not null then
        perform refuse(null, 'types must not contain null', '22004', null);
    end if;
    return row(flow_id, lanes_of(flow_id, types), since, until, coalesce(lowest, '-Infinity'), coalesce(highest, 'Infinity'),
        (select last_value from ready_position_seq))::open_filter;
end $$;

-- Ends up to size events that fit and are in the table of that stage (0 ready, 1 scheduled, 2 running) after a place in it, as
-- cancelled (4) or skipped (5); says which, in the order of places. Skips rows that others have locked: a claim, a settlement,
-- another who does the same. Workers of running ones are told. Locks the rows that it moves.
create function end_window(code integer, error jsonb, fits open_filter, stage integer, after_lane integer,
    after_priority double precision, after_time timestamptz, after_position bigint, size integer)
returns table (id uuid, attempt integer, lane integer, priority double precision, due timestamptz, place bigint)
language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
begin
    if stage = 0 then
        return query
            with picked as materialized (
                select n.*
                from unnest(fits.lanes) as l (lane)
                cross join lateral (
                    select r.ctid as tid, r.id, r.attempt, r.lane, r.priority, r.position
                    from ready r
                    where r.lane = l.lane
                        and (r.priority, r.position) > (
                            case when l.lane = after_lane then after_priority else '-Infinity' end,
                            case when l.lane = after_lane then after_position else -9223372036854775808 end)
                        and r.priority >= fits.lowest and r.priority <= fits.highest
                        and r.position <= fits.last
                        and case when fits.since is null and fits.until is null then true
                            else is_of_time(r.id, fits.since, fits.until) end
                    order by r.priority, r.position
                    limit end_window.size
                    for update skip locked
                ) n
                where l.lane >= coalesce(after_lane, l.lane)
                limit end_window.size
            ), gone as (
                delete from ready where ctid = any (array(select tid from picked)) -- stable: the rows are locked
            ), over as (
                insert into outcome (id, flow, attempt, status, retryable, error)
                select p.id, fits.flow, p.attempt, code, code = 4, end_window.error
                from picked p
                order by p.lane, p.priority, p.position
            )
            select p.id, p.attempt::integer, p.lane, p.priority::double precision, null::timestamptz, p.position
            from picked p
            order by p.lane, p.priority, p.position;
    elsif stage = 1 then
        return query
            with picked as materialized (
                select s.ctid as tid, s.id, s.attempt, s.lane, s.run_at, s.position
                from scheduled s
                where s.flow = fits.flow
                    and (s.run_at, s.position) > (coalesce(after_time, '-infinity'), coalesce(after_position, -9223372036854775808))
                    and s.lane = any (fits.lanes)
                    and s.priority >= fits.lowest and s.priority <= fits.highest
                    and s.position <= fits.last
                    and case when fits.since is null and fits.until is null then true
                        else is_of_time(s.id, fits.since, fits.until) end
                order by s.run_at, s.position
                limit end_window.size
                for update skip locked
            ), gone as (
                delete from scheduled where ctid = any (array(select tid from picked))
            ), over as (
                insert into outcome (id, flow, attempt, status, retryable, error)
                select p.id, fits.flow, p.attempt, code, code = 4, end_window.error
                from picked p
                order by p.run_at, p.position
            )
            select p.id, p.attempt::integer, p.lane, 0::double precision, p.run_at, p.position
            from picked p
            order by p.run_at, p.position;
    else
        return query
            with clock as materialized (
                select clock_timestamp() as moment
            ), picked as materialized (
                select r.ctid as tid, r.id, r.attempt, r.lane, r.worker, r.claimed_at, r.position
                from running r
                where r.flow = fits.flow
                    and r.position > coalesce(after_position, -9223372036854775808)
                    and r.lane = any (fits.lanes)
                    and r.priority >= fits.lowest and r.priority <= fits.highest
                    and r.position <= fits.last
                    and case when fits.since is null and fits.until is null then true
                        else is_of_time(r.id, fits.since, fits.until) end
                order by r.position
                limit end_window.size
                for update skip locked
            ), gone as (
                delete from running where ctid = any (array(select tid from picked))
            ), over as (
                insert into outcome (id, worker, started_at, finished_at, duration, flow, attempt, status, retryable, error)
                select p.id, p.worker, p.claimed_at, moment, extract(epoch from moment - p.claimed_at), fits.flow, p.attempt, code,
                    code = 4, end_window.error
                from picked p
                cross join clock
                order by p.position
            )
            select p.id, p.attempt::integer, p.lane, 0::double precision, null::timestamptz, p.position
            from picked p
            cross join lateral (
                select count(pg_notify(w.channel::text, 'cancel ' || p.id)::text) as n
                from worker w
                where w.id = p.worker and w.channel is not null
            ) told
            where told.n >= 0 -- so that it is done
            order by p.position;
    end if;
end $$;

-- Up to a thousand events that fit and are pending, or with code 4 that run, at one moment, whoever has them locked.
create function open_events(code integer, fits open_filter) returns setof uuid language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
begin
    return query
        select x.id
        from (
            (
                select n.id
                from unnest(fits.lanes) as l (lane)
                cross join lateral (
                    select r.id
                    from ready r
                    where r.lane = l.lane
                        and r.priority >= fits.lowest and r.priority <= fits.highest
                        and r.position <= fits.last
                        and case when fits.since is null and fits.until is null then true
                            else is_of_time(r.id, fits.since, fits.until) end
                    order by r.priority, r.position
                    limit 1000
                ) n
                limit 1000
            )
            union all
            (
                select s.id
                from scheduled s
                where s.flow = fits.flow and s.lane = any (fits.lanes)
                    and s.priority >= fits.lowest and s.priority <= fits.highest
                    and s.position <= fits.last
                    and case when fits.since is null and fits.until is null then true
                        else is_of_time(s.id, fits.since, fits.until) end
                order by s.run_at, s.position
                limit 1000
            )
            union all
            (
                select r.id
                from running r
                where code = 4 and r.flow = fits.flow and r.lane = any (fits.lanes)
                    and r.priority >= fits.lowest and r.priority <= fits.highest
                    and r.position <= fits.last
                    and case when fits.since is null and fits.until is null then true
                        else is_of_time(r.id, fits.since, fits.until) end
                limit 1000
            )
        ) x
        limit 1000;
end $$;

-- Ends up to size events that fit, window by window, then one by one those that others had locked meanwhile. Says how many it
-- ended: fewer than size only if no more fit.
create function end_all(code integer, error jsonb, fits open_filter, size integer) returns integer language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    ended integer := 0;
    step integer;
    n integer;
    at record;
    met uuid;
    left_open uuid[];
begin
    perform check_size(end_all.size, 100000);
    for stage in 0 .. case when code = 4 then 2 else 1 end loop
        select null::integer as lane, null::double precision as priority, null::timestamptz as due, null::bigint as place into at;
        loop
            step := least(1000, end_all.size - ended);
            if step = 0 then
                return ended;
            end if;
            n := 0;
            for at in
                select w.lane, w.priority, w.due, w.place
                from end_window(code, end_all.error, fits, stage, at.lane, at.priority, at.due, at.place, step) w
            loop
                n := n + 1;
            end loop;
            ended := ended + n;
            exit when n < step;
        end loop;
    end loop;
    loop
        left_open := array(select open_events(code, fits));
        exit when cardinality(left_open) = 0;
        foreach met in array left_open loop
            if ended = end_all.size then
                return ended;
            elsif end_event(met, code, end_all.error) then
                ended := ended + 1;
            end if;
        end loop;
    end loop;
    return ended;
end $$;

-- Cancels up to size events of a flow that have not ended and fit, as cancel does one; says how many. Fewer than size: no more fit.
create function cancel_all(flow text, reason text, types text[] default null, appended_since timestamptz default null,
    appended_until timestamptz default null, min_priority double precision default null,
    max_priority double precision default null, size integer default 1000) returns integer language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    return end_all(4, ended_error('CancelledError', cancel_all.reason), open_filter_of(flow_id(cancel_all.flow), types, appended_since,
        appended_until, min_priority, max_priority), cancel_all.size);
end $$;

-- The same for pending ones, as skip does one.
create function skip_all(flow text, reason text, types text[] default null, appended_since timestamptz default null,
    appended_until timestamptz default null, min_priority double precision default null,
    max_priority double precision default null, size integer default 1000) returns integer language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    return end_all(5, ended_error('SkippedError', skip_all.reason), open_filter_of(flow_id(skip_all.flow), types, appended_since,
        appended_until, min_priority, max_priority), skip_all.size);
end $$;

-- From which place on and up to which the events of a flow ended in each of these statuses: up to now, and from that time on as far
-- as an index knows the time, which it does of all but completed ones. None for a status without any.
create function ended_range(flow_id integer, statuses smallint[], since timestamptz)
returns table (status smallint, first bigint, last bigint) language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
begin
    return query
        select s.code, f.position, l.position
        from unnest(ended_range.statuses) as s (code)
        cross join lateral (
            select o.position
            from outcome o
            where o.flow = ended_range.flow_id and o.status = s.code
            order by o.position desc
            limit 1
        ) l
        cross join lateral (
            select case when ended_range.since is null or s.code = 2 then -9223372036854775808
                else (
                    select min(t.position)
                    from (
                        select o.position
                        from outcome o
                        where o.flow = ended_range.flow_id and o.status = s.code and o.status > 2
                            and o.finished_at >= ended_range.since
                        order by o.finished_at, o.position -- by the index of times
                        offset 0
                    ) t
                ) end as position
        ) f
        where f.position is not null
        order by s.code;
end $$;

-- Looks at the next size events that ended in a status, from a place on and up to another, and appends those of them that fit again,
-- in their order, at most so many, each once for ever. Says how many it looked at, from which place to go on, and how many it
-- appended. Another who does the same waits for it here, then finds them marked. Locks the originals against clean-up.
-- Deadlines that have passed are left out.
create function retry_window(flow_id integer, status integer, first bigint, last bigint, size integer, most integer,
    types text[], error text, retryable boolean, since timestamptz, until timestamptz,
    out seen integer, out next bigint, out appended integer) language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
begin
    with looked as materialized (
        select o.id, o.position, o.finished_at, o.retryable, o.error
        from outcome o
        where o.flow = retry_window.flow_id and o.status = retry_window.status
            and o.position >= retry_window.first and o.position <= retry_window.last
        order by o.position
        limit retry_window.size
        for key share
    ), picked as materialized (
        select k.position, e.*, l.id as lane
        from looked k
        join event e on e.id = k.id
        join lane l on l.flow = e.flow and l.type = e.type
        where (retry_window.types is null or e.type = any (retry_window.types))
            and (retry_window.retryable is null or k.retryable is not distinct from retry_window.retryable)
            and (retry_window.since is null or k.finished_at >= retry_window.since)
            and (retry_window.until is null or k.finished_at < retry_window.until)
            and (retry_window.error is null
                or strpos(lower(concat(k.error ->> 'error', ': ', k.error ->> 'message')), lower(retry_window.error)) > 0)
            and not exists (select from retried r where r.original = e.id)
        order by k.position
        limit retry_window.most
    ), marked as (
        insert into retried (original, event)
        select p.id, uuid_v7()
        from picked p
        order by p.position -- one order for all: no deadlock
        on conflict on constraint retried_pkey do nothing
        returning original, event
    ), fresh as materialized (
        select m.event, p.*, clock.moment
        from marked m
        join picked p on p.id = m.original
        cross join (select clock_timestamp() as moment) clock
    ), stored as (
        insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
        select f.event, f.flow, f.type, f.payload, fresh_metadata(f.id, f.created_at, f.metadata), extract(epoch from f.moment),
            f.timeout, case when f.deadline > f.moment then f.deadline end, f.streaming, f.moment
        from fresh f
    ), due as (
        insert into ready (id, priority, lane, flow)
        select f.event, extract(epoch from f.moment), f.lane, f.flow
        from fresh f
        order by f.position
    )
    select count(*)::integer, max(k.position) + 1, (select count(*) from marked)::integer
    into retry_window.seen, retry_window.next, retry_window.appended
    from looked k;
end $$;

-- Appends again up to size events of a flow that ended and fit, as retryAll of the library does: each at most once, whoever does it
-- and however often it is said, and none that retry has appended again. Says how many; fewer than size: no more fit.
create function retry_all(flow text, statuses text[] default array['failed'], types text[] default null, error text default null,
    retryable boolean default null, since timestamptz default null, until timestamptz default null,
    size integer default 1000) returns integer language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    wanted integer := flow_id(retry_all.flow);
    codes smallint[] := ended_codes(retry_all.statuses, 2);
    stretch record;
    held record;
    came record;
    place bigint;
    step integer;
    done integer := 0;
begin
    perform check_size(retry_all.size, 100000);
    for stretch in select r.status, r.first, r.last from ended_range(wanted, codes, retry_all.since) r loop
        place := stretch.first;
        while place <= stretch.last and done < retry_all.size loop
            held := lock_flow(wanted);
            if held.pending >= held.most then
                perform refuse(null, format('Queue size (%s) exceeds max (%s)', held.pending, held.most), 'MR001', null);
            end if;
            step := least(1000, held.most - held.pending);
            came := retry_window(wanted, stretch.status, place, stretch.last, step, least(step, retry_all.size - done),
                retry_all.types, retry_all.error, retry_all.retryable, retry_all.since, retry_all.until);
            done := done + came.appended;
            exit when came.seen < step;
            place := came.next;
        end loop;
    end loop;
    return done;
end $$;

-- Removes settled events for good with all that belongs to them: of the next size that ended in a status, from a place on and up to
-- another, at most so many of those that ended so many seconds ago or earlier, with 0 all. Says how many it looked at, how many of them had that age, from which
-- place to go on, and how many it removed: not those that others have locked. Pending and running events are in other tables and cannot
-- be touched; places in users' progressions go by foreign key.
create function clean_up_window(flow_id integer, status integer, first bigint, last bigint, older_than double precision, size integer,
    most integer, out seen integer, out aged integer, out next bigint, out removed integer) language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
    cutoff constant timestamptz := case when clean_up_window.older_than > 0
        then clock_timestamp() - make_interval(secs => clean_up_window.older_than) else 'infinity' end;
begin
    with looked as materialized (
        select o.ctid as tid, o.position, o.finished_at <= cutoff as aged
        from outcome o
        where o.flow = clean_up_window.flow_id and o.status = clean_up_window.status
            and o.position >= clean_up_window.first and o.position <= clean_up_window.last
        order by o.position
        limit clean_up_window.size
    ), gone as (
        delete from outcome
        where ctid = any (array(
            select o.ctid
            from outcome o
            where o.ctid = any (array(select k.tid from looked k where k.aged)) -- stable: nothing here is updated
            limit clean_up_window.most
            for update skip locked
        ))
        returning id
    ), events as (
        delete from event where id = any (array(select id from gone)) -- no join: that might read the whole table
    ), attempts as (
        delete from attempt where event = any (array(select id from gone))
    ), chunks as (
        delete from chunk where event = any (array(select id from gone))
    ), words as (
        delete from progress where event = any (array(select id from gone))
    ), marks as (
        delete from retried where original = any (array(select id from gone))
    ), deadlines as (
        delete from expiry where event = any (array(select id from gone))
    ), keys as (
        delete from unique_key where event = any (array(select id from gone)) and scope < 2 -- others outlive their event
    )
    select count(*)::integer, (count(*) filter (where k.aged))::integer, max(k.position) + 1, (select count(*) from gone)::integer
    into clean_up_window.seen, clean_up_window.aged, clean_up_window.next, clean_up_window.removed
    from looked k;
end $$;

-- Removes unique keys of a flow whose period is over, up to size; says how many. Skips rows that somebody is taking over.
create function clean_up_keys(flow_id integer, size integer) returns integer language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
declare
    n integer;
begin
    delete from unique_key
    where ctid = any (array(
        select ctid
        from unique_key k
        where k.flow = clean_up_keys.flow_id and k.expires_at <= statement_timestamp()
        order by k.expires_at -- by the index of periods
        limit clean_up_keys.size
        for update skip locked
    ));
    get diagnostics n = row_count;
    return n;
end $$;

-- Removes up to size settled events of a flow for good that ended at least so long ago, oldest first; says how many. Fewer than size: no
-- more are that old.
create function cleanup_events(flow text, statuses text[] default array['completed', 'failed', 'aborted'],
    older_than interval default '0', size integer default 1000) returns integer language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    wanted integer := flow_id(cleanup_events.flow);
    codes smallint[] := ended_codes(cleanup_events.statuses, 2);
    age double precision := extract(epoch from cleanup_events.older_than);
    stretch record;
    came record;
    place bigint;
    done integer := 0;
begin
    perform check_size(cleanup_events.size, 100000);
    perform check_given('older_than', age is not null);
    if not age between 0 and 315360000 then
        perform refuse(null, format('older_than must not be negative and at most 3650 days, got %ss', seconds_text(age)), '22023', null);
    end if;
    for stretch in select r.status, r.first, r.last from ended_range(wanted, codes, null) r loop
        place := stretch.first;
        while place <= stretch.last and done < cleanup_events.size loop
            came := clean_up_window(wanted, stretch.status, place, stretch.last, age, 1000, cleanup_events.size - done);
            done := done + came.removed;
            exit when came.seen < 1000 or came.aged = 0; -- what comes after has ended later
            place := came.next;
        end loop;
    end loop;
    perform clean_up_keys(wanted, 1000);
    return done;
end $$;
