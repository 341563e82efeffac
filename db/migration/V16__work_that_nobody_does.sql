-- Work that nobody does is seen: which types a worker knows, what is due of each type, and pending events by whether they are due
-- (docs/decisions/0014).

-- First, so that all that follows sees every event that is scheduled, and none is added or taken before this is committed.
lock table scheduled, status_delta, status_count in share row exclusive mode;
do $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') and exists (select from flow) then
        raise exception 'schema %: counting scheduled events needs a transaction that is READ COMMITTED, not %', current_schema(),
                upper(current_setting('transaction_isolation'))
            using hint = 'Migrate over a connection whose URL has options=-c%20default_transaction_isolation=read%5C%20committed.';
    end if;
end $$;

-- Events in scheduled are counted under a code of their own, 7; events in ready stay under 0. Pending is the sum of the two.
-- In one statement: with a savepoint after each, as a driver may set it, PostgreSQL 18 refuses what follows a constraint's drop.
do $$
begin
    alter domain status_delta_status drop constraint status_delta_status_known;
    alter domain status_delta_status add constraint status_delta_status_known check (value between 0 and 7);
    alter table status_count
        drop constraint status_count_status_known,
        add constraint status_count_status_known check (status between 0 and 7);
end $$;
comment on table status_delta is 'Changes of the counts by status that have not been added up yet. 0: pending and due, 7: pending and scheduled.';
comment on table status_count is 'Counts by status but for the changes in status_delta; the sum of both is exact. 0: pending and due, 7: pending and scheduled.';

insert into status_delta (flow, status, n)
select s.flow, code.status, code.sign * s.n
from (select flow, count(*) as n from scheduled group by flow) s
cross join (values (0::smallint, -1), (7::smallint, 1)) as code (status, sign);

-- Counts what was added to scheduled, and wakes those who promote for what becomes due before they look by themselves.
create or replace function scheduled_added() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    insert into status_delta (flow, status, n) select flow, 7, count(*) from added group by flow;
    if exists (select from sleeper where flow = 0)
            and exists (select from added where run_at < clock_timestamp() + interval '3 seconds') then
        perform pg_notify(tg_table_schema, '0');
    end if;
    return null;
end $$;

drop trigger count_removed on scheduled;
create trigger count_removed after delete on scheduled referencing old table as removed
    for each statement execute function count_removed(7);

-- For how many more events a flow has room, if it has a limit; and how many are pending. Holds its row until the transaction
-- ends, so the count stays true until the rows are in.
create or replace function lock_flow(flow_id integer, out pending bigint, out most integer) language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    select f.max_pending into most from flow f where f.id = flow_id for no key update;
    if most is null then
        return;
    end if;
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform refuse(null, 'the flow is bounded, and a transaction that is REPEATABLE READ or SERIALIZABLE cannot see what '
            'others append: append in one that is READ COMMITTED', '25000', null);
    end if;
    select coalesce(sum(parts.n), 0) into pending
    from (
        select c.n from status_count c where c.flow = flow_id and c.status in (0, 7)
        union all
        select d.n from status_delta d where d.flow = flow_id and d.status in (0, 7)
    ) parts;
end $$;

-- How many events of a flow are in each status, exactly, all seven in their order.
create or replace function status_counts(flow text) returns table (status text, n bigint) language plpgsql stable
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
        ) p on s.code = case p.status when 7 then 0 else p.status end
        group by s.code
        order by s.code;
end $$;

-- How many pending events of a flow are due and how many are scheduled, exactly. An event whose time has come is scheduled
-- until a worker has moved it.
create function pending_counts(flow text) returns table (due bigint, scheduled bigint) language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(pending_counts.flow);
begin
    return query
        select coalesce(sum(p.n) filter (where p.status = 0), 0)::bigint, coalesce(sum(p.n) filter (where p.status = 7), 0)::bigint
        from (
            select c.status, c.n from status_count c where c.flow = wanted
            union all
            select d.status, d.n from status_delta d where d.flow = wanted
        ) p;
end $$;

-- Every flow at a glance. waiting_since: when the longest waiting of those that are next, one for each type, was appended.
create or replace view flow_status as
    select f.name as flow, f.created_at, f.paused_at, f.pause_reason, f.max_pending,
        folded.due + folded.scheduled + coalesce(since.due, 0) + coalesce(since.scheduled, 0) as pending,
        folded.processing + coalesce(since.processing, 0) as processing,
        folded.completed + coalesce(since.completed, 0) as completed,
        folded.failed + coalesce(since.failed, 0) as failed,
        folded.cancelled + coalesce(since.cancelled, 0) as cancelled,
        folded.skipped + coalesce(since.skipped, 0) as skipped,
        folded.aborted + coalesce(since.aborted, 0) as aborted,
        head.waiting_since, clock_timestamp() - head.waiting_since as waiting, later.next_run_at,
        completed.at as last_completed_at, failed.at as last_failed_at,
        folded.due + coalesce(since.due, 0) as due, folded.scheduled + coalesce(since.scheduled, 0) as scheduled
    from flow f
    cross join lateral (
        select coalesce(sum(n) filter (where status = 0), 0)::bigint as due,
            coalesce(sum(n) filter (where status = 7), 0)::bigint as scheduled,
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
        select flow, sum(n) filter (where status = 0)::bigint as due, sum(n) filter (where status = 7)::bigint as scheduled,
            sum(n) filter (where status = 1)::bigint as processing,
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

-- The lanes of the executors that a worker has started; null for a worker of an older library, which does not say.
alter table worker add column lanes integer[];

-- Every worker that is registered, or that still holds events although it is not registered any more.
create or replace view worker_status as
    select coalesce(w.id, held.worker) as id, w.host, w.pid, w.version, w.started_at, w.heartbeat_at as renewed_at, w.expires_at,
        w.id is not null and is_alive(w.expires_at) as alive, coalesce(w.listening, false) as listening,
        flows_of(coalesce(w.id, held.worker),
            coalesce(held.flows, '{}') || array(select l.flow from lane l where l.id = any (w.lanes))) as flows,
        coalesce(held.n, 0) as running, held.since as running_since
    from worker w
    full join (
        select worker, count(*) as n, min(claimed_at) as since, array_agg(distinct flow) as flows from running group by worker
    ) held on held.worker = w.id;

-- What is due in a lane: how many events, counted up to 10,000, which stands for that and more; and since when the oldest of those
-- that were counted waits: since its append or, if its time has come and no worker has moved it, since then. Of the events that no
-- worker has moved, the flow's first 10,000 are looked at. Reads only.
create function due_in(lane integer) returns table (due bigint, since timestamptz) language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
begin
    return query
        with queued as materialized (
            select side.lane, r.priority, r.position
            from (values (due_in.lane), (-due_in.lane)) as side (lane) -- events with a death on them queue under the negated number
            cross join lateral (
                select y.priority, y.position
                from ready y
                where y.lane = side.lane
                order by y.priority, y.position
                limit 10000
            ) r
            limit 10000
        ), unmoved as materialized (
            select s.run_at
            from (
                select s.lane, s.run_at
                from scheduled s
                where s.flow = (select l.flow from lane l where l.id = due_in.lane) and s.run_at <= statement_timestamp()
                order by s.run_at, s.position
                limit 10000
            ) s
            where abs(s.lane) = due_in.lane
        ), oldest as (
            select e.created_at
            from (select * from queued order by position limit 1) q
            cross join lateral (
                select id from ready where lane = q.lane and priority = q.priority and position = q.position
            ) r
            cross join lateral (select created_at from event where id = r.id offset 0) e
        )
        select least(10000, (select count(*) from queued) + (select count(*) from unmoved)),
            least((select created_at from oldest)::timestamptz, (select min(run_at) from unmoved));
end $$;

-- Every type of every flow: what is due of it, since when the oldest waits, and how many live workers know the type.
create view type_status as
    select f.name as flow, l.type, head.due, head.since as oldest_due, clock_timestamp() - head.since as waiting,
        coalesce(known.workers, 0) as workers
    from lane l
    join flow f on f.id = l.flow
    cross join lateral due_in(l.id) head
    left join (
        select knows.lane, count(*) as workers
        from worker w
        cross join lateral unnest(w.lanes) as knows (lane)
        where is_alive(w.expires_at)
        group by knows.lane
    ) known on known.lane = l.id;
comment on view type_status is 'Every type of every flow: how many events of it are due (10000: at least so many), since when, and how many live workers know it.';

-- Every event with its status, for people and other programs to read. Look-ups by id use the primary keys. current_priority and
-- denials are of pending events.
create or replace view event_status as
    select e.id, f.name as flow, e.type, status_name(0) as status, r.attempt, e.priority, e.created_at,
           null::timestamptz as run_at, null::uuid as worker, null::timestamptz as started_at,
           null::timestamptz as finished_at, null::double precision as duration,
           null::jsonb as response, null::jsonb as error, null::boolean as retryable,
           r.priority::double precision as current_priority, r.denials::integer as denials
    from ready r join event e using (id) join flow f on f.id = r.flow
    union all
    select e.id, f.name, e.type, status_name(0), s.attempt, e.priority, e.created_at, s.run_at,
           null, null, null, null, null, null, null, s.priority::double precision, s.denials::integer
    from scheduled s join event e using (id) join flow f on f.id = s.flow
    union all
    select e.id, f.name, e.type, status_name(1), r.attempt, e.priority, e.created_at, null, r.worker, r.claimed_at,
           null, null, null, null, null, null, null
    from running r join event e using (id) join flow f on f.id = r.flow
    union all
    select e.id, f.name, e.type, status_name(o.status), o.attempt, e.priority, e.created_at, null, o.worker, o.started_at,
           o.finished_at, o.duration, o.response, o.error, o.retryable, null, null
    from outcome o join event e using (id) join flow f on f.id = o.flow;

-- An event as the library writes it; null if there is none.
create or replace function event(id uuid) returns jsonb language sql stable
set search_path = "${flyway:defaultSchema}", pg_temp set extra_float_digits = 1 set enable_seqscan = off as $$
    select jsonb_build_object('id', e.id, 'created_at', iso_instant(e.created_at), 'metadata', e.metadata, 'type', e.type,
        'payload', e.payload, 'priority', e.priority, 'timeout', e.timeout, 'deadline', iso_instant(e.deadline),
        'streaming', e.streaming, 'attempt', coalesce(o.attempt, r.attempt, y.attempt, s.attempt, 0),
        'started_at', iso_instant(coalesce(o.started_at, r.claimed_at)), 'finished_at', iso_instant(o.finished_at),
        'execution', jsonb_build_object(
            'status', status_name(case when o.status is not null then o.status when r.attempt is not null then 1 else 0 end),
            'duration', o.duration, 'response', o.response, 'error', o.error, 'retryable', o.retryable))
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
