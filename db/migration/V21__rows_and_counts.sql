-- Rows and counts that plain SQL cannot bring apart: what a TRUNCATE, an UPDATE and a DELETE do (docs/decisions/0020), counts that can be
-- put right at any time, limits of flows and types, flows that can be dropped, and appends whose cost is linear (docs/decisions/0021).

-- Counts that can be put right ------------------------------------------------------------------------------------------------------

-- Puts the counts of a flow right, or those of all flows for null; returns by how many events they were wrong in all. One statement counts
-- the rows and reads the counts, so both are of one moment, and a transaction that changes a row and its count is in both or in none.
-- What is wrong at that moment stays wrong by the same number, whatever is appended, settled and folded meanwhile; so the difference can
-- be added as one more change. Waits for nobody but another recount, which would add the same difference once more.
create function recount_flow(flow_id integer) returns bigint language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    wrong bigint;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform refuse(null, 'a transaction that is REPEATABLE READ or SERIALIZABLE cannot see another recount: recount in one that is '
            'READ COMMITTED', '25000', null);
    end if;
    lock table status_delta in row exclusive mode; -- before the next lock, as whoever truncates both has them
    lock table status_count in share update exclusive mode;
    with difference as (
        insert into status_delta (flow, status, n)
        select p.flow, p.status, sum(p.n)
        from (
            select r.flow, 0 as status, count(*) as n from ready r where recount_flow.flow_id is null or r.flow = recount_flow.flow_id group by r.flow
            union all
            select s.flow, 7, count(*) from scheduled s where recount_flow.flow_id is null or s.flow = recount_flow.flow_id group by s.flow
            union all
            select r.flow, 1, count(*) from running r where recount_flow.flow_id is null or r.flow = recount_flow.flow_id group by r.flow
            union all
            select o.flow, o.status, count(*) from outcome o where recount_flow.flow_id is null or o.flow = recount_flow.flow_id group by o.flow, o.status
            union all
            select c.flow, c.status, -c.n from status_count c where recount_flow.flow_id is null or c.flow = recount_flow.flow_id
            union all
            select d.flow, d.status, -d.n from status_delta d where recount_flow.flow_id is null or d.flow = recount_flow.flow_id
        ) p
        group by p.flow, p.status
        having sum(p.n) <> 0
        returning n
    )
    select coalesce(sum(abs(d.n)), 0) into wrong from difference d;
    return wrong;
end $$;

-- Puts the counts of a flow right, exactly, while events are appended and run; returns by how many events they were wrong in all.
-- Reads the flow's rows once.
create function recount(flow text) returns bigint language sql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
    select recount_flow(flow_id($1))
$$;

-- TRUNCATE --------------------------------------------------------------------------------------------------------------------------

-- Counts what is about to be truncated.
create function count_truncated() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        perform refuse(null, format('table %s was not truncated: a transaction that is REPEATABLE READ or SERIALIZABLE cannot count what '
            'goes; truncate in one that is READ COMMITTED', tg_table_name), '25000', null);
    end if;
    execute format('insert into status_delta (flow, status, n) select flow, %s, -count(*) from %I group by flow, %1$s',
        coalesce(tg_argv[0] || '::smallint', 'status'), tg_table_name);
    return null;
end $$;

-- Refuses to truncate some of the tables that hold events and not the others. Runs when all tables of the command are empty.
create function truncated_together() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if (case when tg_table_name = 'event'
            then exists (select from ready) or exists (select from scheduled) or exists (select from running) or exists (select from outcome)
            else exists (select from event) end) then
        perform refuse(null, format('table %s was not truncated: events and their states go together. Use cancel_all, skip_all or '
            'cleanup_events, delete from event, or truncate event, ready, scheduled, running and outcome in one command with cascade', tg_table_name),
            '55000', null);
    end if;
    return null;
end $$;

-- The counts are made of the rows again.
create function counts_truncated() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    perform recount_flow(null);
    return null;
end $$;

create trigger count_truncated before truncate on ready for each statement execute function count_truncated(0);
create trigger count_truncated before truncate on scheduled for each statement execute function count_truncated(7);
create trigger count_truncated before truncate on running for each statement execute function count_truncated(1);
create trigger count_truncated before truncate on outcome for each statement execute function count_truncated();
create trigger truncated_together after truncate on event for each statement execute function truncated_together();
create trigger truncated_together after truncate on ready for each statement execute function truncated_together();
create trigger truncated_together after truncate on scheduled for each statement execute function truncated_together();
create trigger truncated_together after truncate on running for each statement execute function truncated_together();
create trigger truncated_together after truncate on outcome for each statement execute function truncated_together();
create trigger truncated_together after truncate on flow for each statement execute function truncated_together();
create trigger truncated_together after truncate on lane for each statement execute function truncated_together();
create trigger counts_truncated after truncate on status_count for each statement execute function counts_truncated();
create trigger counts_truncated after truncate on status_delta for each statement execute function counts_truncated();

-- UPDATE ----------------------------------------------------------------------------------------------------------------------------

-- Refuses to change what says which event a row is about and under what it is counted. The condition of the trigger says which columns.
create function identity_changed() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    perform refuse(null, format('table %s: id, flow, type and status of a row cannot be changed (event %s): use cancel, skip, retry or '
        'delete from event, and append what belongs elsewhere', tg_table_name, old.id), '55000', null);
    return null;
end $$;

create trigger identity_changed before update of id, flow, type on event for each row
    when (old.id is distinct from new.id or old.flow is distinct from new.flow or old.type::text is distinct from new.type::text)
    execute function identity_changed();
create trigger identity_changed before update of id, flow on ready for each row
    when (old.id is distinct from new.id or old.flow is distinct from new.flow) execute function identity_changed();
create trigger identity_changed before update of id, flow on scheduled for each row
    when (old.id is distinct from new.id or old.flow is distinct from new.flow) execute function identity_changed();
create trigger identity_changed before update of id, flow on running for each row
    when (old.id is distinct from new.id or old.flow is distinct from new.flow) execute function identity_changed();
create trigger identity_changed before update of id, flow, status on outcome for each row
    when (old.id is distinct from new.id or old.flow is distinct from new.flow or old.status::smallint is distinct from new.status::smallint)
    execute function identity_changed();

-- DELETE ----------------------------------------------------------------------------------------------------------------------------

-- An event goes with all that belongs to it: its state, its history, its chunks and marks, and the unique key that it holds until it has
-- ended. Keys that outlive their event stay; options and places in users' progressions go by foreign key. A worker that runs the event
-- goes on, and its answer is refused. An event may be on its way from one table to the other: it is looked for until none has it.
create function event_removed() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
declare
    gone constant uuid[] := array(select id from removed);
begin
    if cardinality(gone) = 0 then
        return null;
    end if;
    while exists (select from ready where id = any (gone)) or exists (select from scheduled where id = any (gone))
            or exists (select from running where id = any (gone)) or exists (select from outcome where id = any (gone)) loop
        delete from ready where id = any (gone);
        delete from scheduled where id = any (gone);
        delete from running where id = any (gone);
        delete from outcome where id = any (gone);
    end loop;
    delete from attempt where event = any (gone);
    delete from chunk where event = any (gone);
    delete from progress where event = any (gone);
    delete from retried where original = any (gone);
    delete from expiry where event = any (gone);
    delete from unique_key where event = any (gone) and scope < 2;
    return null;
end $$;

-- An event that has ended goes with its outcome, unless the same transaction has put it back into the queue.
create function outcome_removed() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
declare
    gone uuid[] := array(select id from removed);
begin
    if exists (select from ready where id = any (gone)) or exists (select from scheduled where id = any (gone))
            or exists (select from running where id = any (gone)) then
        gone := array(
            select g.id
            from unnest(gone) as g (id)
            where not exists (select from ready r where r.id = g.id)
                and not exists (select from scheduled s where s.id = g.id)
                and not exists (select from running r where r.id = g.id));
    end if;
    delete from event where id = any (gone); -- no join: that might read the whole table
    return null;
end $$;

create trigger event_removed after delete on event referencing old table as removed
    for each statement execute function event_removed();
create trigger outcome_removed after delete on outcome referencing old table as removed
    for each statement execute function outcome_removed();

-- Removes settled events for good with all that belongs to them: of the next size that ended in a status, from a place on and up to
-- another, at most so many of those that ended so many seconds ago or earlier, with 0 all. Says how many it looked at, how many of them had that age, from which
-- place to go on, and how many it removed: not those that others have locked. Pending and running events are in other tables and cannot
-- be touched. The event and what belongs to it go by the triggers outcome_removed and event_removed.
create or replace function clean_up_window(flow_id integer, status integer, first bigint, last bigint, older_than double precision, size integer,
    most integer, out seen integer, out aged integer, out next bigint, out removed integer) language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
#variable_conflict use_column
declare
    cutoff constant timestamptz := case when clean_up_window.older_than > 0
        then clock_timestamp() - make_interval(secs => clean_up_window.older_than) else 'infinity' end;
begin
    with looked as materialized (
        select o.ctid as tid, o.id, o.position, o.finished_at <= cutoff as aged
        from outcome o
        where o.flow = clean_up_window.flow_id and o.status = clean_up_window.status
            and o.position >= clean_up_window.first and o.position <= clean_up_window.last
        order by o.position
        limit clean_up_window.size
    ), keys as materialized ( -- which go with their events; one that somebody takes over at this moment is not waited for
        select u.event
        from unique_key u
        where u.event = any (array(select k.id from looked k where k.aged)) and u.scope < 2
        for update skip locked
    ), gone as (
        delete from outcome
        where ctid = any (array(
            select o.ctid
            from outcome o
            where o.ctid = any (array(select k.tid from looked k where k.aged)) -- stable: nothing here is updated
                and (o.id in (select event from keys)
                    or not exists (select from unique_key u where u.event = o.id and u.scope < 2))
            limit clean_up_window.most
            for update skip locked
        ))
        returning id
    )
    select count(*)::integer, (count(*) filter (where k.aged))::integer, max(k.position) + 1, (select count(*) from gone)::integer
    into clean_up_window.seen, clean_up_window.aged, clean_up_window.next, clean_up_window.removed
    from looked k;
end $$;

-- Ends as aborted every event of a flow that is in none of the tables, since its row was deleted from ready, scheduled or running by hand;
-- returns how many. Reads all events of the schema once. Sees one moment, in which an event on its way is still where it was.
create function settle_strays(flow text) returns bigint language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    wanted integer := flow_id(settle_strays.flow);
    n bigint;
begin
    insert into outcome (id, flow, attempt, status, retryable, error)
    select e.id, e.flow, coalesce((select max(a.attempt) from attempt a where a.event = e.id), 0), 6, true, jsonb_build_object(
        'error', 'Stray', 'message', 'Event aborted: its row was deleted from the queue, so that no worker could find it',
        'retryable', true)
    from event e
    where e.flow = wanted
        and not exists (select from ready r where r.id = e.id)
        and not exists (select from scheduled s where s.id = e.id)
        and not exists (select from running r where r.id = e.id)
        and not exists (select from outcome o where o.id = e.id)
    on conflict on constraint outcome_pkey do nothing;
    get diagnostics n = row_count;
    return n;
end $$;

-- Flows and types: limits, numbers, removal -------------------------------------------------------------------------------------------

-- How many flows and types there may be is set by the owner, in the table setting, which a later migration makes. Without a row there, 10,000
-- flows and 50,000 types in all flows together.

-- Sets how many flows there may be; null for the default. More that are there stay.
create function limit_flows(most integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if most < 1 then
        perform refuse(null, format('the number of flows must be at least 1, got %s', most), '22023', null);
    end if;
    delete from setting where name = 'max_flows';
    insert into setting (name, value) select 'max_flows', most where most is not null;
end $$;

-- Sets how many types there may be in all flows together; null for the default. More that are there stay.
create function limit_types(most integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if most < 1 then
        perform refuse(null, format('the number of types must be at least 1, got %s', most), '22023', null);
    end if;
    delete from setting where name = 'max_types';
    insert into setting (name, value) select 'max_types', most where most is not null;
end $$;

-- Refuses flows beyond the limit. Transactions that make flows at the same time do not see each other's.
create function flow_bounded() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    most constant integer := coalesce((select value from setting where name = 'max_flows'), 10000);
begin
    if exists (select from added) and (select count(*) from (select from flow limit most::bigint + 1) f) > most then
        perform refuse(null, format('flow %s was not made: there may be at most %s flows. Drop empty ones (drop_flow), or let the owner of '
            'the schema raise the limit (limit_flows)', quoted((select max(name) from added)), most), '54000', null);
    end if;
    return null;
end $$;

-- Refuses types beyond the limit.
create function lane_bounded() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    most constant integer := coalesce((select value from setting where name = 'max_types'), 50000);
begin
    if exists (select from added) and (select count(*) from (select from lane limit most::bigint + 1) l) > most then
        perform refuse(null, format('event type %s was not made: there may be at most %s types in all flows. Drop empty flows '
            '(drop_flow), or let the owner of the schema raise the limit (limit_types)', quoted((select max(type) from added)), most),
            '54000', null);
    end if;
    return null;
end $$;

create trigger flow_bounded after insert on flow referencing new table as added for each statement execute function flow_bounded();
create trigger lane_bounded after insert on lane referencing new table as added for each statement execute function lane_bounded();

-- A number is used up by each try to make a flow or type, also by one that is rolled back or finds it made. After the last number they
-- begin anew, and those that are in use are passed over.
alter table flow alter column id set cycle;
alter table lane alter column id set cycle;

create function flow_numbered() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    while exists (select from flow f where f.id = new.id) loop
        new.id := nextval(pg_get_serial_sequence('flow', 'id'));
    end loop;
    return new;
end $$;

create function lane_numbered() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    while exists (select from lane l where l.id = new.id) loop
        new.id := nextval(pg_get_serial_sequence('lane', 'id'));
    end loop;
    return new;
end $$;

create trigger flow_numbered before insert on flow for each row execute function flow_numbered();
create trigger lane_numbered before insert on lane for each row execute function lane_numbered();

-- Refuses to delete a type that has pending or running events, and a flow that has any. Empty flows are dropped by drop_flow.
create function lane_removed() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
declare
    kept text;
begin
    select l.type into kept
    from removed l
    where exists (select from ready r where r.lane = l.id) or exists (select from ready r where r.lane = -l.id)
        or exists (select from scheduled s where s.flow = l.flow and abs(s.lane) = l.id)
        or exists (select from running r where r.flow = l.flow and abs(r.lane) = l.id)
    limit 1;
    if found then
        perform refuse(null, format('event type %s was not deleted: it has events. End them (cancel_all), remove them (cleanup_events), then '
            'drop the flow (drop_flow)', quoted(kept)), '55000', null);
    end if;
    return null;
end $$;

create function flow_removed() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set enable_seqscan = off as $$
begin
    if exists (select from outcome where flow = old.id) then -- what has not ended has a lane, which refers to the flow
        perform refuse(null, format('Flow %s was not deleted: it has events. Remove them (cleanup_events), then drop the flow (drop_flow)',
            quoted(old.name)), '55000', null);
    end if;
    return null;
end $$;

create trigger lane_removed after delete on lane referencing old table as removed for each statement execute function lane_removed();
create trigger flow_removed after delete on flow for each row execute function flow_removed();

-- Drops a flow that has no events, with its types, its progressions, and the unique keys that outlived their events. Refused while a live
-- worker has an executor of the flow. Waits at most a second for the transactions that append or claim, in which others wait as well; a transaction
-- that appends and has begun before reads the flow afterwards and is refused.
create function drop_flow(flow text) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp set lock_timeout = '1s' as $$
#variable_conflict use_column
declare
    dropped constant integer := flow_id(drop_flow.flow);
    busy text;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then -- it would not see what was appended since
        perform refuse(null, format('Flow %s was not dropped: the transaction does not see what others do; begin one that is READ COMMITTED',
            quoted(drop_flow.flow)), '25000', null);
    end if;
    if exists (select from event e where e.flow = dropped) then -- without a lock, since this may read all events
        busy := 'it has events: end them (cancel_all) and remove them (cleanup_events)';
    end if;
    if busy is null then
        begin
            lock table flow in access exclusive mode; -- whatever appends reads its flow in the same transaction
        exception when lock_not_available then
            perform refuse(null, format('Flow %s was not dropped: transactions that use flows did not end within 1s; try again',
                quoted(drop_flow.flow)), '55P03', null);
        end;
        if exists (
                    select
                    from lane l
                    cross join (values (1), (-1)) as side (sign) -- events with a death on them queue under the negated number
                    join ready r on r.lane = l.id * side.sign
                    where l.flow = dropped)
                or exists (select from scheduled where flow = dropped) or exists (select from running where flow = dropped)
                or exists (select from outcome where flow = dropped) then
            busy := 'it has events: end them (cancel_all) and remove them (cleanup_events)';
        elsif exists (
                select from worker w
                where is_alive(w.expires_at) and w.lanes && array(select l.id from lane l where l.flow = dropped)) then
            busy := 'a live worker has an executor of it: close that first';
        end if;
    end if;
    if busy is not null then
        perform refuse(null, format('Flow %s was not dropped: %s', quoted(drop_flow.flow), busy), 'MR003', null);
    end if;
    delete from unique_key where flow = dropped;
    delete from progression where flow = dropped;
    delete from sleeper where flow = dropped;
    delete from status_delta where flow = dropped;
    delete from status_count where flow = dropped;
    delete from lane where flow = dropped;
    delete from flow where id = dropped;
end $$;

-- As before, but looks at the queues of a flow only if something is due in it. waiting_since: when the longest waiting of those that are next,
-- one for each type, was appended.
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
        where l.flow = f.id and folded.due + coalesce(since.due, 0) > 0
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

-- As before, but looks into a type only if it has an event in the queue, or its flow has one whose time has come and that no worker has moved.
create or replace view type_status as
    select f.name as flow, l.type, coalesce(head.due, 0) as due, head.since as oldest_due, clock_timestamp() - head.since as waiting,
        coalesce(known.workers, 0) as workers
    from lane l
    join flow f on f.id = l.flow
    left join lateral (
        select d.due, d.since
        from (
            select l.id
            where (select 1 from ready r where r.lane = l.id order by r.priority, r.position limit 1) is not null
                or (select 1 from ready r where r.lane = -l.id order by r.priority, r.position limit 1) is not null
                or (select s.run_at from scheduled s where s.flow = l.flow order by s.run_at, s.position limit 1) <= statement_timestamp()
            offset 0 -- asked before the function is called
        ) q
        cross join lateral due_in(q.id) d
    ) head on true
    left join (
        select knows.lane, count(*) as workers
        from worker w
        cross join lateral unnest(w.lanes) as knows (lane)
        where is_alive(w.expires_at)
        group by knows.lane
    ) known on known.lane = l.id;

-- Metadata that Millrace itself writes --------------------------------------------------------------------------------------------------

-- Whether nothing can be wrong with an event, at a glance. What is not sound may be all right, but has to be looked at.
create or replace function is_sound(payload jsonb, metadata jsonb, priority double precision, timeout double precision,
    run_at timestamptz, deadline timestamptz) returns boolean language sql immutable
return coalesce(octet_length(payload::text) <= 1000, false)
    and (metadata is null or (jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 1000
        and not metadata ?| array['original', 'root', 'attempt']))
    and (priority is null or (priority > '-Infinity' and priority < 'Infinity'))
    and (timeout is null or (timeout > 0 and timeout <= 315360000))
    and (run_at is null or run_at between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59+00')
    and (deadline is null or deadline between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59+00');

-- Refuses an event that the library would refuse, in its words.
create or replace function check_event(place text, payload jsonb, metadata jsonb, priority double precision, timeout double precision,
    run_at timestamptz, deadline timestamptz) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if priority = 'NaN' or priority in ('Infinity', '-Infinity') then
        perform refuse(place, 'Priority must be finite and not NaN, got ' || priority, '22023', null);
    elsif timeout = 'NaN' or timeout in ('Infinity', '-Infinity') then
        perform refuse(place, 'timeout must be finite, got ' || timeout, '22023', null);
    elsif timeout <= 0 then
        perform refuse(place, 'timeout must be positive, got ' || seconds_text(timeout), '22023', null);
    elsif timeout > 315360000 then
        perform refuse(place, format('timeout must be finite, at most 3650 days, got %ss', seconds_text(timeout)), '22023', null);
    end if;
    perform check_time(place, 'deadline', deadline);
    perform check_time(place, 'runAt', run_at);
    if payload is null then
        perform refuse(place, 'payload must not be null; for a null of JSON give ''null''::jsonb', '22004', null);
    elsif jsonb_typeof(metadata) <> 'object' then
        perform refuse(place, 'metadata must be an object, got ' || jsonb_typeof(metadata), '22023', null);
    elsif metadata ?| array['original', 'root', 'attempt'] then
        perform refuse(place, format('metadata refused at $.%s: Millrace itself writes the keys original, root and attempt; use another key',
            (select min(k) from unnest(array['attempt', 'original', 'root']) k where metadata ? k)), '22023', null);
    end if;
    perform check_json(place, 'payload', payload, payload_cap());
    perform check_json(place, 'metadata', metadata, 65536);
end $$;

-- The metadata of an event that is appended again: the event it was made from, the first of the line, and its number in that. A root and a
-- number count only where all three are as Millrace writes them.
create or replace function fresh_metadata(id uuid, created_at timestamptz, metadata jsonb) returns jsonb language sql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
    select jsonb_build_object(
        'original', self.reference,
        'root', case when self.fresh then metadata -> 'root' else self.reference end,
        'attempt', 1 + case when self.fresh then trunc((metadata ->> 'attempt')::numeric)::integer else 1 end)
    from (
        select jsonb_build_object('id', id, 'created_at', iso_instant(created_at)) as reference,
            coalesce(case when jsonb_typeof(metadata -> 'attempt') = 'number'
                    and metadata #>> '{original,id}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                    and jsonb_typeof(metadata #> '{original,created_at}') = 'string'
                    and metadata #>> '{root,id}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                    and jsonb_typeof(metadata #> '{root,created_at}') = 'string'
                then (metadata ->> 'attempt')::numeric >= 2 and (metadata ->> 'attempt')::numeric < 2147483647 end, false) as fresh
    ) self
$$;

-- Appending to a flow with a limit -----------------------------------------------------------------------------------------------------

-- lock_flow, counts: the changes of one flow, whatever others have
create index status_delta_flow on status_delta (flow);
comment on index status_delta_flow is 'counts: the changes of one flow''s counts; the function lock_flow';
alter function lock_flow(integer) set enable_seqscan = off; -- plans are kept, also those made while the table was empty

-- Appending many, at a cost that grows with their number and with nothing else --------------------------------------------------------

-- Stores events of one flow that have been looked at, all or none; says for each its id, or who has its key. Those whose key stands more
-- than once come one after the other, as in the library: all that come first together, then all that come second. Where all
-- of a key replace each other, the first decides for them, and the last is queued in its place: what is between them is seen by nobody, and
-- its rows would leave versions behind that each look at the key has to pass over. A flow's limit is counted once, and again only
-- where that would refuse.
create or replace function append_unique_rows(flow_id integer, lanes integer[], types text[], payloads jsonb[], metadata jsonb[],
    priorities double precision[], timeouts double precision[], deadlines timestamptz[], streaming boolean[],
    run_ats timestamptz[], ids uuid[], keys text[], scopes smallint[], periods double precision[], conflicts smallint[],
    delays double precision[])
returns uuid[] language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    moment timestamptz;
    batch record;
    held record;
    met record;
    room integer;
    had bigint; -- pending before a round
    following boolean[];
    answers uuid[] := ids;
begin
    held := lock_flow(flow_id); -- its limit may be younger than the look that found it
    following := array(
        select coalesce(i.key is not null and bool_and(i.conflict = 1) over (partition by i.key)
            and row_number() over (partition by i.key order by i.n) > 1, false)
        from unnest(append_unique_rows.keys, append_unique_rows.conflicts) with ordinality as i (key, conflict, n)
        order by i.n);
    for batch in
        select r.round, array_agg(r.n) as places, array_agg(r.id) as ids, array_agg(r.lane) as lanes, array_agg(r.type) as types,
            array_agg(r.payload) as payloads, array_agg(r.metadata) as metadata, array_agg(r.priority) as priorities,
            array_agg(r.timeout) as timeouts, array_agg(r.deadline) as deadlines, array_agg(r.streaming) as streaming,
            array_agg(r.run_at) as run_ats, array_agg(r.key) as keys, array_agg(r.scope) as scopes, array_agg(r.period) as periods,
            array_agg(r.conflict) as conflicts, array_agg(r.delay) as delays
        from (
            select k.*
            from (
                select i.*, case when i.key is null then 1 else row_number() over (partition by i.key order by i.n) end as round
                from unnest(append_unique_rows.ids, append_unique_rows.lanes, append_unique_rows.types, append_unique_rows.payloads,
                        append_unique_rows.metadata, append_unique_rows.priorities, append_unique_rows.timeouts,
                        append_unique_rows.deadlines, append_unique_rows.streaming, append_unique_rows.run_ats, append_unique_rows.keys,
                        append_unique_rows.scopes, append_unique_rows.periods, append_unique_rows.conflicts, append_unique_rows.delays, following)
                    with ordinality as i (id, lane, type, payload, metadata, priority, timeout, deadline, streaming, run_at, key, scope,
                        period, conflict, delay, follows, n)
                where not i.follows
            ) k
            order by k.round, k.n
            offset 0 -- sorted once, not for each of the arrays
        ) r
        group by r.round
        order by r.round
    loop
        if held.pending + cardinality(batch.ids) > held.most then
            held := lock_flow(flow_id); -- some may have been claimed since
        end if;
        room := case when held.most is null then 2147483647 else greatest(0, held.most - held.pending)::integer end;
        had := held.pending;
        held.pending := had + cardinality(batch.ids);
        moment := clock_timestamp();
        for met in
            with input as materialized (
                select i.*
                from unnest(batch.places, batch.ids, batch.lanes, batch.types, batch.payloads, batch.metadata, batch.priorities,
                        batch.timeouts, batch.deadlines, batch.streaming, batch.run_ats, batch.delays)
                    with ordinality as i (spot, id, lane, type, payload, metadata, given_priority, timeout, deadline, streaming,
                        given_run_at, delay, n)
            ), met as materialized (
                select m.*
                from take_keys(flow_id, batch.ids, batch.keys, batch.scopes, batch.periods, batch.conflicts, moment, false, room) m
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
            select m.id, m.holder, m.answer, m.place, i.spot
            from met m
            left join input i on i.id = m.id
        loop
            case met.answer
                when 0 then
                    answers[met.spot] := met.holder;
                    held.pending := held.pending - 1;
                when 2 then
                    perform refuse(null, format('event %s was not appended: event %s holds its unique key; nothing was stored. Append it '
                        'when that has ended, or choose another onConflict', met.id, met.holder), '23505', met.holder::text);
                when 3 then
                    perform refuse(null, format('Queue size (%s) exceeds max (%s)', had + met.place - 1, held.most), 'MR001', null);
                else
                    held.pending := held.pending - 1; -- stored in the place of another
            end case;
        end loop;
    end loop;
    if true = any (following) then
        moment := clock_timestamp();
        with chain as materialized (
            select c.*, answers[c.first] = append_unique_rows.ids[c.first] as is_stored, -- else another holds the key
                coalesce(max(c.given) over (partition by c.key, c.changes), e.priority) as priority
            from (
                select i.*, min(i.n) over (partition by i.key) as first, lead(i.id) over (partition by i.key order by i.n) as successor,
                    case when i.follows then i.asked_priority end as given,
                    count(*) filter (where i.follows and i.asked_priority is not null) over (partition by i.key order by i.n) as changes
                from unnest(append_unique_rows.ids, append_unique_rows.lanes, append_unique_rows.types, append_unique_rows.payloads,
                        append_unique_rows.metadata, append_unique_rows.priorities, append_unique_rows.timeouts,
                        append_unique_rows.deadlines, append_unique_rows.streaming, append_unique_rows.run_ats, append_unique_rows.keys,
                        append_unique_rows.scopes, append_unique_rows.periods, append_unique_rows.delays, following)
                    with ordinality as i (id, lane, type, payload, metadata, asked_priority, timeout, deadline, streaming, run_at, key,
                        scope, period, delay, follows, n)
                where i.key in (select f.key from unnest(append_unique_rows.keys, following) as f (key, follows) where f.follows)
            ) c
            left join event e on e.id = append_unique_rows.ids[c.first]
        ), stored as (
            insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
            select id, flow_id, type, payload, coalesce(metadata, '{}'), priority, timeout, deadline, coalesce(streaming, false), moment
            from chain
            where is_stored and follows
            order by n
        ), skipped as (
            insert into outcome (id, flow, attempt, status, retryable, error)
            select id, flow_id, 0, 5, false, jsonb_build_object(
                'error', 'Replaced', 'message', format('replaced by %s', successor), 'retryable', false)
            from chain
            where is_stored and successor is not null
            order by n
        ), left_ready as (
            delete from ready where id in (select id from chain where is_stored and not follows) returning id, position
        ), left_scheduled as (
            delete from scheduled where id in (select id from chain where is_stored and not follows) returning id, position, run_at
        ), heir as materialized ( -- of the queue's place, and of the time unless one of those that follow gives another
            select (array_agg(c.id order by c.n desc))[1] as id, (array_agg(c.lane order by c.n desc))[1] as lane,
                (array_agg(c.priority order by c.n desc))[1] as priority, max(p.position) as position,
                (array_agg(coalesce(c.due, p.run_at) order by c.n desc) filter (where coalesce(c.due, p.run_at) is not null))[1] as run_at
            from (
                select id, lane, key, n, priority,
                    case when follows then coalesce(run_at, moment + delay * interval '1 second') end as due
                from chain
                where is_stored
            ) c
            left join (
                select id, position, null::timestamptz as run_at from left_ready
                union all
                select id, position, run_at from left_scheduled
            ) p on p.id = c.id
            group by c.key
        ), later as (
            insert into scheduled (id, run_at, priority, position, lane, flow)
            select id, run_at, priority, position, lane, flow_id from heir where run_at > moment
        ), due as (
            insert into ready (id, priority, position, lane, flow)
            select id, priority, position, lane, flow_id from heir where run_at is null or run_at <= moment
        ), held_by as (
            update unique_key u
            set event = c.id, scope = c.scope, expires_at = moment + make_interval(secs => c.period)
            from chain c
            where c.is_stored and c.successor is null and u.flow = flow_id and u.key = c.key
        )
        select array_agg(case when c.follows and not c.is_stored then answers[c.first] else i.answer end order by i.n)
        into answers
        from unnest(answers) with ordinality as i (answer, n)
        left join chain c on c.n = i.n;
    end if;
    return answers;
end $$;

alter function append_unique_rows(integer, integer[], text[], jsonb[], jsonb[], double precision[], double precision[], timestamptz[], boolean[],
    timestamptz[], uuid[], text[], smallint[], double precision[], smallint[], double precision[])
    set enable_seqscan = off; -- plans are kept, also those made while the tables were empty

-- As append_rows or append_unique_rows, by whether some have unique keys; scopes and conflicts in words.
create function append_to_flow(flow_id integer, bounded boolean, keyed boolean, lanes integer[], types text[], payloads jsonb[], metadata jsonb[],
    priorities double precision[], timeouts double precision[], deadlines timestamptz[], streaming boolean[], run_ats timestamptz[],
    ids uuid[], keys text[], scopes text[], periods double precision[], conflicts text[], delays double precision[])
returns uuid[] language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if keyed then
        return append_unique_rows(flow_id, lanes, types, payloads, metadata, priorities, timeouts, deadlines, streaming, run_ats, ids, keys,
            array(select scope_code(s.scope, s.period) from unnest(scopes, periods) with ordinality as s (scope, period, n) order by s.n),
            periods,
            array(select conflict_code(c.conflict) from unnest(conflicts) with ordinality as c (conflict, n) order by c.n), delays);
    end if;
    perform append_rows(flow_id, bounded, lanes, types, payloads, metadata, priorities, timeouts, deadlines, streaming, run_ats, ids, delays);
    return ids;
end $$;

-- Makes the flows and the lanes of these types that are missing. Waits for other transactions that make the same, in the order of names.
create function open_lanes(flows text[], types text[]) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    missing record;
    any_missing boolean := false;
begin
    for missing in
        select distinct w.flow, w.type
        from unnest(open_lanes.flows, open_lanes.types) as w (flow, type)
        where not exists (select from flow f join lane l on l.flow = f.id where f.name = w.flow and l.type = w.type)
        order by flow, type
    loop
        perform check_name('flow name', missing.flow);
        perform check_name('event type name', missing.type);
        any_missing := true;
    end loop;
    if not any_missing then
        return;
    end if;
    insert into flow (name)
    select distinct w.flow
    from unnest(open_lanes.flows) as w (flow)
    where not exists (select from flow f where f.name = w.flow)
    order by w.flow
    on conflict on constraint flow_name_key do nothing;
    insert into lane (flow, type)
    select f.id, w.type
    from (select distinct w.flow, w.type from unnest(open_lanes.flows, open_lanes.types) as w (flow, type)) w
    join flow f on f.name = w.flow
    where not exists (select from lane l where l.flow = f.id and l.type = w.type)
    order by w.flow, w.type
    on conflict on constraint lane_flow_type_key do nothing;
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
    item record;
    target record;
    lanes integer[];
    stored uuid[];
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
    if not given.sound or given.keyed or given.delayed or given.optioned then
        for item in
            select i.*, format('index %s of %s: ', i.n - 1, given.number) as place
            from unnest(given.payloads, given.metadata, given.priorities, given.timeouts, given.run_ats, given.deadlines, given.delays,
                    given.most_crashes, given.keys, given.scopes, given.periods, given.conflicts)
                with ordinality as i (payload, metadata, priority, timeout, run_at, deadline, delay, max_crashes, unique_key, scope, period,
                    conflict, n)
            order by i.n
        loop
            if not is_sound(item.payload, item.metadata, item.priority, item.timeout, item.run_at, item.deadline) then
                perform check_event(item.place, item.payload, item.metadata, item.priority, item.timeout, item.run_at, item.deadline);
            end if;
            perform check_delay(item.place, item.delay, item.run_at);
            perform check_max_crashes(item.place, item.max_crashes);
            perform check_unique(item.place, item.unique_key, item.scope, item.period, item.conflict);
        end loop;
    end if;
    perform check_ids(given.given_ids);

    perform open_lanes(given.flows, given.types);
    answers := given.ids;
    if (select bool_and(w.flow = given.flows[1]) from unnest(given.flows) w (flow)) then
        select f.id, f.max_pending is not null as bounded into strict target from flow f where f.name = given.flows[1];
        lanes := array(
            select l.id
            from unnest(given.types) with ordinality as w (type, n)
            join lane l on l.flow = target.id and l.type = w.type
            order by w.n);
        answers := append_to_flow(target.id, target.bounded, given.keyed, lanes, given.types, given.payloads, given.metadata,
            given.priorities, given.timeouts, given.deadlines, given.streaming, given.run_ats, given.ids, given.keys, given.scopes,
            given.periods, given.conflicts, given.delays);
    else
        for target in
            select w.flow_id, w.bounded, array_agg(w.n) as places, array_agg(w.lane) as lanes, array_agg(w.type) as types,
                array_agg(w.payload) as payloads, array_agg(w.metadata) as metadata, array_agg(w.priority) as priorities,
                array_agg(w.timeout) as timeouts, array_agg(w.deadline) as deadlines, array_agg(w.run_at) as run_ats,
                array_agg(w.streaming) as streaming, array_agg(w.id) as ids, array_agg(w.unique_key) as keys,
                array_agg(w.unique_scope) as scopes, array_agg(w.unique_period) as periods, array_agg(w.on_conflict) as conflicts,
                array_agg(w.delay) as delays
            from (
                select f.id as flow_id, f.max_pending is not null as bounded, l.id as lane, i.*
                from unnest(given.flows, given.types, given.payloads, given.metadata, given.priorities, given.timeouts, given.deadlines,
                        given.run_ats, given.streaming, given.ids, given.keys, given.scopes, given.periods, given.conflicts, given.delays)
                    with ordinality as i (flow, type, payload, metadata, priority, timeout, deadline, run_at, streaming, id, unique_key,
                        unique_scope, unique_period, on_conflict, delay, n)
                join flow f on f.name = i.flow
                join lane l on l.flow = f.id and l.type = i.type
                order by f.id, i.n
                offset 0 -- sorted once, not for each of the arrays
            ) w
            group by w.flow_id, w.bounded
            order by w.flow_id -- bounded flows are locked in one order
        loop
            stored := append_to_flow(target.flow_id, target.bounded, given.keyed, target.lanes, target.types, target.payloads,
                target.metadata, target.priorities, target.timeouts, target.deadlines, target.streaming, target.run_ats, target.ids,
                target.keys, target.scopes, target.periods, target.conflicts, target.delays);
            if given.keyed then
                for place in 1 .. cardinality(stored) loop
                    answers[target.places[place]] := stored[place];
                end loop;
            end if;
        end loop;
    end if;
    if given.optioned then
        insert into event_option (event, max_crashes)
        select o.id, o.max_crashes
        from unnest(given.ids, given.most_crashes, answers) as o (id, max_crashes, answer)
        where o.max_crashes is not null and o.answer = o.id; -- else another has its unique key
    end if;
    return query select unnest(answers);
end $$;
