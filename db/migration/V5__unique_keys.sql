-- Unique keys: a key of a flow is held by at most one event, for as long as its scope says (docs/decisions/0007).
-- The primary key is the arbiter. Nothing is written when a scope ends: whoever asks next looks whether it has.

create table unique_key (
    flow       integer not null,
    scope      smallint not null,                       -- 0 while pending, 1 until settled, 2 for a period, 3 for ever
    event      uuid not null,                           -- who holds it; may be cleaned up before a period is over
    expires_at timestamptz,                             -- the end of a period
    key        text collate "C" not null,
    constraint unique_key_pkey primary key (flow, key), -- one holder
    constraint unique_key_event_key unique (event),     -- one key for each event
    constraint unique_key_scope_known check (scope between 0 and 3),
    constraint unique_key_expires_with_period check ((scope = 2) = (expires_at is not null)),
    constraint unique_key_expires_at_finite check (isfinite(expires_at)),
    constraint unique_key_key_legal check (char_length(key) between 1 and 200 and key !~ '[\u0001-\u001f\u007f-\u009f]')
) with (fillfactor = 90);
-- clean_up_keys: periods that are over
create index unique_key_expiry on unique_key (flow, expires_at) where expires_at is not null;

comment on table unique_key is 'Which event holds, or held last, which unique key of its flow. No row for events without one.';
comment on index unique_key_pkey is 'append_unique: the holder of a key';
comment on index unique_key_event_key is 'clean_up: the key of an event; an event has one at most';
comment on index unique_key_expiry is 'clean_up_keys: periods that are over';

-- Every key and whether it is held at this moment: its event is still where the scope says, or the period not over.
create view unique_key_state as
    select u.flow, u.key, u.event, u.scope, u.expires_at, s.pending,
        case u.scope
            when 0 then s.pending
            when 1 then s.pending or exists (select from running r where r.id = u.event)
            when 2 then u.expires_at > clock_timestamp()
            else true
        end as held
    from unique_key u
    cross join lateral (
        select exists (select from ready r where r.id = u.event) or exists (select from scheduled s where s.id = u.event) as pending
        offset 0
    ) s;

-- Takes the unique keys of events that are about to be stored by the same statement: whoever appends calls this first. A
-- null key asks for none; no key may stand twice. Says only of which events what is not the usual:
--   answer 0: not to be stored, holder has the key (or is this very event, stored by an earlier try);
--   answer 1: to be stored in the place of the holder, which was pending and is skipped now, at its priority, position and time;
--   answer 2: refused, since holder has the key: then no key was taken and nothing may be stored;
--   answer 3: refused, since place new events are more than there is room for: likewise.
-- conflicts: 0 answer with the holder, 1 replace it while it is pending, 2 refuse.
-- Every look is a statement of its own and sees what was committed before it (READ COMMITTED; a transaction with an older
-- snapshot fails to serialize instead). Locks the rows of keys that it takes over, in the order of the keys, and waits for
-- whoever takes the same ones; who is only answered with a holder locks nothing.
create function take_keys(for_flow integer, ids uuid[], keys text[], scopes smallint[], periods double precision[],
    conflicts smallint[], moment timestamptz, again boolean, room integer)
returns table (id uuid, holder uuid, answer smallint, priority double precision, place bigint, due timestamptz)
language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp
set enable_seqscan = off -- plans are kept, also those made while the tables were empty
as $$
#variable_conflict use_column
declare
    won uuid[];
    asked record;
    state unique_key_state%rowtype;
    found_at record;
    taken unique_key[] := '{}';
    replaced uuid[] := '{}';
    replacing uuid[] := '{}';
    spared integer := 0; -- events that need no room
    refused boolean := false;
begin
    -- The usual case: nobody has them.
    with added as (
        insert into unique_key (flow, key, event, scope, expires_at)
        select for_flow, k.key, k.id, k.scope, moment + make_interval(secs => k.period)
        from unnest(ids, keys, scopes, periods) as k (id, key, scope, period)
        where k.key is not null
        order by k.key collate "C" -- all in the same order, so that they do not wait for each other in a circle
        on conflict on constraint unique_key_pkey do nothing
        returning event
    )
    select array_agg(event) into won from added;

    if coalesce(cardinality(won), 0) < cardinality(array_remove(keys, null)) then
        for asked in
            select k.*
            from unnest(ids, keys, scopes, periods, conflicts) as k (id, key, scope, period, conflict)
            where k.key is not null and not exists (select from unnest(won) w (event) where w.event = k.id)
            order by k.key collate "C"
        loop
            id := asked.id;
            holder := null;
            answer := null;
            select * into state from unique_key_state s where s.flow = for_flow and s.key = asked.key;
            if not found or asked.conflict = 1 or not state.held then
                -- To be taken or replaced: nobody else may decide that meanwhile. Judged by a statement that
                -- begins after the lock, since what it waited for may have changed everything.
                loop
                    perform from unique_key u where u.flow = for_flow and u.key = asked.key for update;
                    exit when found;
                    insert into unique_key (flow, key, event, scope, expires_at) -- a clean-up has removed it
                    values (for_flow, asked.key, asked.id, asked.scope, moment + make_interval(secs => asked.period))
                    on conflict on constraint unique_key_pkey do nothing;
                    if found then
                        won := won || asked.id;
                        answer := -1;
                        exit;
                    end if;
                end loop;
                continue when answer = -1;
                select * into state from unique_key_state s where s.flow = for_flow and s.key = asked.key;
            end if;

            if again and (state.event = asked.id or exists (select from event e where e.id = asked.id)) then
                holder := asked.id; -- an earlier try was committed after all
                answer := 0;
            elsif state.held and asked.conflict = 1 and state.event <> asked.id then
                -- It may be on its way from one table to the other, or to a worker: locked, it stays where it is.
                while state.pending and answer is null loop
                    select r.priority, r.position, null::timestamptz as run_at into found_at
                    from ready r where r.id = state.event for update;
                    if not found then
                        select s.priority, s.position, s.run_at into found_at
                        from scheduled s where s.id = state.event for update;
                    end if;
                    if found then
                        answer := 1;
                        priority := found_at.priority;
                        place := found_at.position;
                        due := found_at.run_at;
                    else
                        select * into state from unique_key_state s where s.flow = for_flow and s.key = asked.key;
                    end if;
                end loop;
            end if;

            if answer is null and state.held and state.event = asked.id and asked.conflict = 1 then
                null; -- cannot take its own place: storing it again fails on the primary key of event
            elsif answer is null and state.held then
                answer := case when asked.conflict = 2 then 2 else 0 end;
            end if;

            if answer is null or answer = 1 then
                taken := taken || row(for_flow, asked.scope, asked.id, moment + make_interval(secs => asked.period), asked.key)::unique_key;
            end if;
            if answer = 1 then
                replaced := replaced || state.event;
                replacing := replacing || asked.id;
            end if;
            if answer is not null then
                holder := coalesce(holder, state.event);
                refused := refused or answer = 2;
                spared := spared + 1;
                return next;
            end if;
            priority := null;
            place := null;
            due := null;
        end loop;
    end if;

    if not refused and cardinality(ids) - spared > room then
        refused := true;
        id := null;
        holder := null;
        answer := 3;
        place := cardinality(ids) - spared;
        return next;
    end if;
    if refused then
        delete from unique_key u where u.event = any (won);
        return;
    end if;

    if cardinality(replaced) > 0 then
        with moved as (
            delete from ready r where r.id = any (replaced) returning r.id, r.flow, r.attempt
        ), moved_later as (
            delete from scheduled s where s.id = any (replaced) returning s.id, s.flow, s.attempt
        )
        insert into outcome (id, flow, attempt, status, retryable, error)
        select m.id, m.flow, m.attempt, 5, false, jsonb_build_object(
            'error', 'Replaced', 'message', format('replaced by %s', r.successor), 'retryable', false)
        from (select * from moved union all select * from moved_later) m
        join unnest(replaced, replacing) as r (id, successor) on r.id = m.id;
    end if;
    if cardinality(taken) > 0 then
        update unique_key u
        set event = t.event, scope = t.scope, expires_at = t.expires_at
        from unnest(taken) t
        where u.flow = t.flow and u.key = t.key;
    end if;
end $$;
