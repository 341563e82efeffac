-- SQL as a client: what psql, a trigger, an ORM or another language appends with, by the rules of the library and in its
-- words (docs/sql.md). The functions for others run with the rights of their owner and find names in this schema only.
-- Patterns are written as E'…', which reads the same whatever standard_conforming_strings says.

-- As before, but without settings of its own, so that it costs a tenth: what it calls was looked up when it was made.
create or replace function uuid_v7() returns uuid language sql volatile
return encode(
    set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
        placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
        from 1 for 6), 52, 1), 53, 1), 'hex')::uuid;
alter function uuid_v7() reset all;

-- Refuses a call. A place in a batch, such as 'index 1 of 3: ', goes before the message.
create function refuse(place text, message text, code text, detail text) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    said text := concat(place, refuse.message, case when place is not null then '; nothing was stored' end);
begin
    if refuse.detail is null then
        raise exception using errcode = code, message = said;
    end if;
    raise exception using errcode = code, message = said, detail = refuse.detail;
end $$;

-- Whether a text has a character that does not show as itself: control, separator, bidirectional, or none at all.
create function is_plain(value text) returns boolean language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if value ~ E'[\\u0001-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ufdd0-\\ufdef\\ufffe\\uffff]' then
        return false;
    end if;
    if value !~ E'[^\\u0001-\\u007f]' then
        return true;
    end if;
    if current_setting('server_version_num')::integer >= 170000 then
        return unicode_assigned(value);
    end if;
    return not exists (
        select from regexp_split_to_table(value, '') as c (one) where ascii(c.one) % 65536 >= 65534);
end $$;

-- Any text in quotes for an error message: short, and with nothing in it that could act on a terminal or log.
create function quoted(value text) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    said text := '''';
    size integer := 1; -- in UTF-16, as Java counts
    next text;
    code integer;
begin
    foreach next in array regexp_split_to_array(value, '') loop
        exit when size >= 60 or next = '';
        code := ascii(next);
        if code in (39, 92) then
            next := chr(92) || next;
        elsif not is_plain(next) then
            next := case when code > 65535 then format('%su{%s}', chr(92), upper(to_hex(code)))
                else format('%su%s', chr(92), upper(lpad(to_hex(code), 4, '0'))) end;
        end if;
        said := said || next;
        size := size + length(next) + case when code > 65535 and length(next) = 1 then 1 else 0 end;
    end loop;
    return said || case when size < 60 then '''' else '...''' end;
end $$;

-- The name, if it obeys the rule for names; what says which name it is.
create function check_name(what text, name text) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if name is null then
        perform refuse(null, what || ' must not be null', '22004', null);
    elsif name = '' then
        perform refuse(null, what || ' must not be empty', '22023', null);
    elsif char_length(name) > 200 then
        perform refuse(null, format('%s must have at most 200 characters, got %s: %s', what, char_length(name), quoted(name)),
            '22023', null);
    elsif not is_plain(name) then
        perform refuse(null, format('%s must not contain control characters, line separators, bidirectional overrides or '
            'characters that do not exist, got %s', what, quoted(name)), '22023', null);
    elsif name ~ E'^[ \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000]|[ \\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000]$' then
        perform refuse(null, format('%s must not begin or end with a blank, got %s', what, quoted(name)), '22023', null);
    end if;
end $$;

-- Seconds with a point, as the library writes them.
create function seconds_text(seconds double precision) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    plain text := seconds::text;
begin
    if plain in ('NaN', 'Infinity', '-Infinity') then
        return plain;
    end if;
    plain := plain::numeric::text;
    return case when strpos(plain, '.') > 0 then plain else plain || '.0' end;
end $$;

-- A time as Java writes an Instant, whatever its year.
create function instant_text(moment timestamptz) returns text language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    year integer;
begin
    if not isfinite(moment) then
        return moment::text;
    end if;
    year := extract(year from moment at time zone 'UTC');
    year := case when year < 0 then year + 1 else year end; -- there is a year 0 in ISO 8601
    return case when year > 9999 then '+' when year < 0 then '-' else '' end || lpad(abs(year)::text, greatest(4, length(abs(year)::text)), '0')
        || substring(iso_instant(moment) from '-[0-9][0-9]-[0-9][0-9]T.*$');
end $$;

-- A time within a JSON document: in ISO 8601 and with its offset, so that it is the same in every session.
create function json_time(what text, value text) returns timestamptz language plpgsql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if value is not null and value !~ '^-?infinity$|^[0-9]{4,6}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' then
        perform refuse(null, format('%s must be a time with its offset such as 2026-01-31T09:00:00Z, got %s', what, quoted(value)),
            '22023', null);
    end if;
    return value::timestamptz;
end $$;

-- The most UTF-8 bytes that the JSON of a payload may take: a setting of the database or the role, 1 MiB without one.
create function payload_cap() returns integer language sql stable
return least(coalesce(nullif(current_setting('millrace.payload_cap', true), '')::integer, 1048576), 67108864);

-- Whether a key has more than 50,000 characters as Java counts them.
create function is_long_key(key text) returns boolean language sql immutable
return length(key) > 25000
    and length(key) + length(regexp_replace(key, E'[\\u0001-\\uffff]', '', 'g')) > 50000;

-- Whether something in a JSON value, which stands at that level of its document, cannot be read back by the library.
create function is_troubled(value jsonb, level integer) returns boolean language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    json text := value::text;
begin
    return length(json) > 1000 - 2 * level and (
        jsonb_path_exists(value,
            format('strict $.**{%s} ? (@.type() == "array" || @.type() == "object")', 500 - level)::jsonpath)
        or (json ~ '[0-9]{250}' and exists (
            select from jsonb_path_query(value, 'strict $.** ? (@.type() == "number")') n (value)
            where length(translate(n.value::text, '-.', '')) > 1000))
        or (length(json) > 25000 and exists (
            select
            from jsonb_path_query(value, 'strict $.** ? (@.type() == "object")') o (value)
                cross join jsonb_object_keys(o.value) k (key)
            where is_long_key(k.key))));
end $$;

-- Where in a troubled JSON document the first trouble is, and why it is one.
create function trouble_of(value jsonb) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    steps text[] := '{}';
    level integer := 0;
    child record;
    reason text;
begin
    while reason is null loop
        if jsonb_typeof(value) in ('array', 'object') and level = 500 then
            reason := 'the value is nested deeper than 500 levels, or refers to itself; flatten it';
        elsif jsonb_typeof(value) = 'array' then
            select '[' || e.n - 1 || ']' as step, e.value into child
            from jsonb_array_elements(value) with ordinality as e (value, n)
            where is_troubled(e.value, level + 1)
            order by e.n
            limit 1;
            steps := steps || child.step;
            value := child.value;
            level := level + 1;
        elsif jsonb_typeof(value) = 'object' then
            select case when e.key ~ '^[[:alpha:]_$][[:alnum:]_$-]{0,39}$' then '.' || e.key else '[' || quoted(e.key) || ']' end
                as step, e.value, is_long_key(e.key) as too_long into child
            from jsonb_each(value) as e (key, value)
            where is_long_key(e.key) or is_troubled(e.value, level + 1)
            limit 1;
            steps := steps || child.step;
            value := child.value;
            level := level + 1;
            if child.too_long then
                reason := 'the key has more than 50000 characters; use a shorter one';
            end if;
        else
            reason := 'the number has more than 1000 digits; send it as a text';
        end if;
    end loop;
    if cardinality(steps) > 24 then
        steps := steps[1:12] || array['...'] || steps[cardinality(steps) - 11:];
    end if;
    return format('$%s: %s', array_to_string(steps, ''), reason);
end $$;

-- Refuses a JSON document that the library would refuse. Its size is that of its JSON without blanks.
create function check_json(place text, what text, value jsonb, cap integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if octet_length(value::text) > cap
            and octet_length(regexp_replace(value::text, E'("(?:[^"\\\\]|\\\\.)*")| ', E'\\1', 'g')) > cap then
        perform refuse(place, format('%s refused at $: its JSON takes more than the cap of %s bytes; make it smaller, store the '
            'bulk elsewhere and append a reference to it, or raise the cap (at most 67108864)', what, cap), '22023', null);
    elsif is_troubled(value, 0) then
        perform refuse(place, format('%s refused at %s', what, trouble_of(value)), '22023', null);
    end if;
end $$;

-- Whether nothing can be wrong with an event, at a glance. What is not sound may be all right, but has to be looked at.
create function is_sound(payload jsonb, metadata jsonb, priority double precision, timeout double precision,
    run_at timestamptz, deadline timestamptz) returns boolean language sql immutable
return coalesce(octet_length(payload::text) <= 1000, false)
    and (metadata is null or (jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 1000))
    and (priority is null or (priority > '-Infinity' and priority < 'Infinity'))
    and (timeout is null or (timeout > 0 and timeout <= 315360000))
    and (run_at is null or run_at between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59+00')
    and (deadline is null or deadline between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59+00');

create function check_time(place text, what text, moment timestamptz) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if moment < '0001-01-01 00:00:00+00' or moment > '9999-12-31 23:59:59+00' then
        perform refuse(place, format('%s must lie in the years 1 to 9999, got %s', what, instant_text(moment)), '22023', null);
    end if;
end $$;

-- Refuses an event that the library would refuse, in its words.
create function check_event(place text, payload jsonb, metadata jsonb, priority double precision, timeout double precision,
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
    end if;
    perform check_json(place, 'payload', payload, payload_cap());
    perform check_json(place, 'metadata', metadata, 65536);
end $$;

-- Refuses what is wrong with the wish to be the only event with a key.
create function check_unique(place text, unique_key text, unique_scope text, unique_period double precision, on_conflict text)
returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if unique_key is null then
        if coalesce(unique_scope, on_conflict) is not null or unique_period is not null then
            perform refuse(place, 'unique_scope, unique_period and on_conflict are about a unique key: give one', '22023', null);
        end if;
        return;
    end if;
    if unique_key = '' then
        perform refuse(place, 'unique key must not be empty', '22023', null);
    elsif char_length(unique_key) > 200 then
        perform refuse(place, format('unique key must have at most 200 characters, got %s: %s; use a digest of it',
            char_length(unique_key), quoted(unique_key)), '22023', null);
    elsif unique_key ~ E'[\\u0001-\\u001f\\u007f-\\u009f]' then
        perform refuse(place, format('unique key must not contain control characters or surrogates without their other half, '
            'got %s', quoted(unique_key)), '22023', null);
    elsif unique_scope not in ('pending', 'settled', 'period', 'forever') then
        perform refuse(place, 'unique_scope must be pending, settled, period or forever, got ' || quoted(unique_scope), '22023', null);
    elsif on_conflict not in ('return', 'replace', 'fail') then
        perform refuse(place, 'on_conflict must be return, replace or fail, got ' || quoted(on_conflict), '22023', null);
    elsif (unique_scope = 'period' and unique_period is null) or (unique_scope <> 'period' and unique_period is not null) then
        perform refuse(place, 'a unique scope has a period if and only if time ends it', '22023', null);
    elsif not unique_period between 0.001 and 315360000 then
        perform refuse(place, format('the period of a unique key must be between 0.001s and 3650 days, got %ss',
            seconds_text(unique_period)), '22023', null);
    end if;
end $$;

-- The codes of a unique key's scope and of what to do about one that is held.
create function scope_code(scope text, period double precision) returns smallint language sql immutable
return (case coalesce(scope, case when period is null then 'settled' else 'period' end)
    when 'pending' then 0 when 'settled' then 1 when 'period' then 2 else 3 end)::smallint;
create function conflict_code(conflict text) returns smallint language sql immutable
return (case coalesce(conflict, 'return') when 'return' then 0 when 'replace' then 1 else 2 end)::smallint;

-- The flow and the lane of a type, made where they are missing. Waits for another transaction that makes the same.
create function open_lane(flow text, type text, out flow_id integer, out lane_id integer, out bounded boolean) language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
begin
    perform check_name('flow name', open_lane.flow);
    perform check_name('event type name', open_lane.type);
    if not exists (select from flow f where f.name = open_lane.flow) then
        insert into flow (name) values (open_lane.flow) on conflict on constraint flow_name_key do nothing;
    end if;
    insert into lane (flow, type)
    select f.id, open_lane.type from flow f
    where f.name = open_lane.flow
        and not exists (select from lane l where l.flow = f.id and l.type = open_lane.type)
    on conflict on constraint lane_flow_type_key do nothing;
    select f.id, l.id, f.max_pending is not null into strict flow_id, lane_id, bounded
    from flow f
    join lane l on l.flow = f.id and l.type = open_lane.type
    where f.name = open_lane.flow;
end $$;

-- For how many more events a flow has room, if it has a limit; and how many are pending. Holds its row until the transaction
-- ends, so the count stays true until the rows are in.
create function lock_flow(flow_id integer, out pending bigint, out most integer) language plpgsql
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
        select c.n from status_count c where c.flow = flow_id and c.status = 0
        union all
        select d.n from status_delta d where d.flow = flow_id and d.status = 0
    ) parts;
end $$;

-- Refuses events whose ids are taken, or stand twice.
create function check_ids(ids uuid[]) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    bad record;
begin
    select i.id, min(i.n) as first, (array_agg(i.n order by i.n))[2] as second into bad
    from unnest(ids) with ordinality as i (id, n)
    where i.id is not null
    group by i.id
    having count(*) > 1
    order by second
    limit 1;
    if found then
        perform refuse(null, format('Item %s stands twice in the batch, at index %s and %s; nothing was stored',
            bad.id, bad.first - 1, bad.second - 1), '23505', null);
    end if;
    select i.id into bad
    from unnest(ids) with ordinality as i (id, n)
    where exists (select from event e where e.id = i.id)
    order by i.n
    limit 1;
    if found then
        perform refuse(null, format('Item %s already exists; nothing was stored. Append it under another id', bad.id), '23505', null);
    end if;
end $$;

-- Stores events of one flow that have been looked at and have no unique keys, all or none.
create function append_rows(flow_id integer, bounded boolean, lanes integer[], types text[], payloads jsonb[], metadata jsonb[],
    priorities double precision[], timeouts double precision[], deadlines timestamptz[], streaming boolean[],
    run_ats timestamptz[], ids uuid[]) returns void language plpgsql
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
        select i.*, coalesce(i.given_priority, extract(epoch from moment)) as priority
        from unnest(ids, lanes, types, payloads, append_rows.metadata, priorities, timeouts, deadlines, append_rows.streaming,
                run_ats)
            with ordinality as i (id, lane, type, payload, metadata, given_priority, timeout, deadline, streaming, run_at, n)
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
    run_ats timestamptz[], ids uuid[], keys text[], scopes smallint[], periods double precision[], conflicts smallint[])
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
                        append_unique_rows.streaming, run_ats, keys, scopes, periods, conflicts, rounds)
                    with ordinality as i (id, lane, type, payload, metadata, given_priority, timeout, deadline, streaming,
                        given_run_at, key, scope, period, conflict, its_round, n)
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
                    coalesce(i.given_run_at, m.due) as run_at
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
    unique_period double precision default null, on_conflict text default null, streaming boolean default null)
returns uuid language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    flow_id integer;
    lane_id integer;
    bounded boolean;
    moment timestamptz;
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
            array[append.unique_period], array[conflict_code(append.on_conflict)]);
        return answers[1];
    elsif bounded then
        perform append_rows(flow_id, true, array[lane_id], array[append.type], array[append.payload], array[append.metadata],
            array[append.priority], array[append.timeout], array[append.deadline], array[append.streaming], array[append.run_at],
            array[fresh]);
        return fresh;
    end if;

    moment := clock_timestamp();
    insert into event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    values (fresh, flow_id, append.type, append.payload, coalesce(append.metadata, '{}'),
        coalesce(append.priority, extract(epoch from moment)), append.timeout, append.deadline, coalesce(append.streaming, false), moment);
    if append.run_at > moment then
        insert into scheduled (id, run_at, priority, position, lane, flow)
        values (fresh, append.run_at, coalesce(append.priority, extract(epoch from moment)), nextval('ready_position_seq'), lane_id, flow_id);
    else
        insert into ready (id, priority, lane, flow)
        values (fresh, coalesce(append.priority, extract(epoch from moment)), lane_id, flow_id);
    end if;
    return fresh;
end $$;

-- Appends many events, all or none, in the caller's transaction: an array of objects whose keys are named as the arguments of
-- append; flow and type are for those that do not say. Says their ids in the same order, as append does.
create function append_many(events jsonb, flow text default null, type text default null)
returns setof uuid language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
#variable_conflict use_column
declare
    known constant text[] := array['flow', 'type', 'payload', 'priority', 'run_at', 'timeout', 'deadline', 'metadata', 'unique_key',
        'id', 'unique_scope', 'unique_period', 'on_conflict', 'streaming'];
    given record;
    target record;
    part record;
    codes record;
    answers uuid[];
begin
    if jsonb_typeof(events) is distinct from 'array' then
        perform refuse(null, 'events must be an array, got ' || coalesce(jsonb_typeof(events), 'null'), '22023', null);
    end if;
    select count(*)::integer as number, array_agg(flow order by n) as flows, array_agg(type order by n) as types,
        array_agg(payload order by n) as payloads, array_agg(metadata order by n) as metadata,
        array_agg(priority order by n) as priorities, array_agg(timeout order by n) as timeouts,
        array_agg(deadline order by n) as deadlines, array_agg(run_at order by n) as run_ats,
        array_agg(streaming order by n) as streaming, array_agg(id order by n) as given_ids,
        array_agg(coalesce(id, uuid_v7()) order by n) as ids, array_agg(unique_key order by n) as keys,
        array_agg(unique_scope order by n) as scopes, array_agg(unique_period order by n) as periods,
        array_agg(on_conflict order by n) as conflicts, min(n) filter (where stranger) as stranger,
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
            e ->> 'on_conflict' as on_conflict,
            case when jsonb_typeof(e) = 'object' then e - known <> '{}' else true end as stranger,
            e ?| array['unique_key', 'unique_scope', 'unique_period', 'on_conflict'] as keyed
        from jsonb_array_elements(events) with ordinality as i (e, n)
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
    for place in 1 .. case when given.sound and not given.keyed then 0 else given.number end loop
        perform check_event(format('index %s of %s: ', place - 1, given.number), given.payloads[place], given.metadata[place],
            given.priorities[place], given.timeouts[place], given.run_ats[place], given.deadlines[place]);
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
                array_agg(on_conflict order by n) as conflicts
            into part
            from unnest(given.types, given.payloads, given.metadata, given.priorities, given.timeouts, given.deadlines,
                    given.run_ats, given.streaming, given.ids, given.keys, given.scopes, given.periods, given.conflicts)
                with ordinality as i (type, payload, metadata, priority, timeout, deadline, run_at, streaming, id, unique_key,
                    unique_scope, unique_period, on_conflict, n)
            where n = any (target.places);
        else
            select given.types as types, given.payloads as payloads, given.metadata as metadata, given.priorities as priorities,
                given.timeouts as timeouts, given.deadlines as deadlines, given.run_ats as run_ats, given.streaming as streaming,
                given.ids as ids, given.keys as keys, given.scopes as scopes, given.periods as periods, given.conflicts as conflicts
            into part;
        end if;
        if given.keyed then
            select array_agg(scope_code(s.scope, s.period) order by s.n) as scopes, array_agg(conflict_code(s.conflict) order by s.n) as conflicts
            into codes
            from unnest(part.scopes, part.periods, part.conflicts) with ordinality as s (scope, period, conflict, n);
            part.ids := append_unique_rows(target.flow_id, target.lanes, part.types, part.payloads, part.metadata, part.priorities,
                part.timeouts, part.deadlines, part.streaming, part.run_ats, part.ids, part.keys, codes.scopes, part.periods,
                codes.conflicts);
            for place in 1 .. cardinality(target.places) loop
                answers[target.places[place]] := part.ids[place];
            end loop;
        else
            perform append_rows(target.flow_id, target.bounded, target.lanes, part.types, part.payloads, part.metadata,
                part.priorities, part.timeouts, part.deadlines, part.streaming, part.run_ats, part.ids);
        end if;
    end loop;
    return query select unnest(answers);
end $$;

-- What a plain INSERT or COPY appends to: each row is an append, and its id, or that of who has its unique key, is returned. Reading
-- it gives nothing; event_status and event are there for that.
create view enqueue as
    select null::text as flow, null::text as type, null::jsonb as payload, null::double precision as priority,
        null::timestamptz as run_at, null::double precision as timeout, null::timestamptz as deadline, null::jsonb as metadata,
        null::text as unique_key, null::uuid as id, null::text as unique_scope, null::double precision as unique_period,
        null::text as on_conflict, null::boolean as streaming
    where false;
comment on view enqueue is 'To be inserted or copied into: each row is appended as by the function append.';

create function enqueue_row() returns trigger language plpgsql security definer
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    new.id := append(new.flow, new.type, new.payload, new.priority, new.run_at, new.timeout, new.deadline, new.metadata,
        new.unique_key, new.id, new.unique_scope, new.unique_period, new.on_conflict, new.streaming);
    return new;
end $$;

create trigger enqueue_row instead of insert on enqueue for each row execute function enqueue_row();
