-- The checks of payloads, in time that grows with the size of the payload and with nothing else (docs/decisions/0019-linear-checks.md).

-- Returns a text in quotes for an error message: short, and with nothing in it that acts on a terminal or log. Reads only the
-- beginning of the text, whatever its length.
create or replace function quoted(value text) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    said text := '''';
    size integer := 1; -- in UTF-16, as Java counts
    next text;
    code integer;
begin
    foreach next in array regexp_split_to_array(left(value, 60), '') loop
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

-- Returns whether a key has more than 50,000 characters as Java counts them, which are two for each character beyond U+FFFF.
-- The content may have escapes, which the number of characters counts as one each.
create function is_long_key(content text, characters integer) returns boolean language sql immutable
return characters > 50000
    or (characters > 25000
        and characters + (octet_length(content) - length(content)) / 3 > 50000 -- at most so many take four bytes
        and characters + length(regexp_replace(content, E'[\\u0001-\\uffff]+', '', 'g')) > 50000);

-- Returns the text of a JSON value with '\_' for an escaped quote or backslash, so that every quote begins or ends a string.
create function json_flat(document text) returns text language sql immutable
return replace(replace(document, E'\\\\', E'\\_'), E'\\"', E'\\_');

-- Splits such a text into windows of 500 bytes, in text with escapes. outside: whether a window begins outside of strings; quotes: how many
-- stand in it. What is longer than 1,000 bytes has a window of its own, so that whatever is short need not be told apart.
-- flat must be a variable of the caller: PostgreSQL puts an expression into the query as it is, and makes it anew for each window.
create function json_windows(flat bytea) returns table (n integer, part text, quotes integer, outside boolean) language sql immutable
begin atomic
    select w.n, w.part, w.quotes, (sum(w.quotes) over (order by w.n rows unbounded preceding) - w.quotes) % 2 = 0
    from (
        select g.n, e.part, length(e.part) - length(replace(e.part, '"', '')) as quotes
        from generate_series(0, (octet_length(flat) - 1) / 500) as g (n)
        cross join lateral encode(substring(flat from g.n * 500 + 1 for 500), 'escape') as e (part)
        offset 0 -- each window once
    ) w;
end;

-- Returns the number of bytes of a JSON text without the blanks between its parts. Those in a window with quotes stand at the odd
-- places of what the quotes part, or at the even ones if the window begins within a string.
create function json_size(document text) returns integer language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    flat constant bytea := convert_to(json_flat(document), getdatabaseencoding()); -- made once, not for each window
begin
    return octet_length(document) - (
        select sum(case when w.quotes = 0 then case when w.outside then length(w.part) - length(replace(w.part, ' ', '')) else 0 end
            else (
                select sum(length(p.part) - length(replace(p.part, ' ', '')))
                from unnest(string_to_array(w.part, '"')) with ordinality as p (part, place)
                where (p.place % 2 = 1) = w.outside
            ) end)
        from json_windows(flat) w);
end $$;

-- Returns whether the number around a window, which has nothing but parts of a number in it, has more than 1,000 digits. Looks at 600 bytes
-- on each side, which is enough for one of the windows of every such number.
create function is_long_number(flat bytea, n integer) returns boolean language sql immutable
return (
    select length(translate(
        substring(reverse(encode(substring(flat from greatest(1, n * 500 - 599) for least(600, n * 500)), 'escape')) from '^[-.0-9]*')
            || substring(encode(substring(flat from n * 500 + 1 for 1100), 'escape') from '^[-.0-9]*'), '-.', '')) > 1000);

-- Returns whether the string that fills the windows from first to last, and goes on beyond them, is a key that is too long.
create function is_long_key(flat bytea, first integer, last integer) returns boolean language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    head text[] := string_to_array(encode(substring(flat from greatest(1, first * 500 - 499) for least(500, first * 500)), 'escape'), '"');
    tail text[] := string_to_array(encode(substring(flat from last * 500 + 501 for 502), 'escape'), '"');
    bytes integer;
    content text;
begin
    if left(tail[2], 1) is distinct from ':' then
        return false; -- a value
    end if;
    bytes := octet_length(decode(head[cardinality(head)], 'escape'));
    content := convert_from(substring(flat from first * 500 + 1 - bytes for
        bytes + (last - first + 1) * 500 + octet_length(decode(tail[1], 'escape'))), getdatabaseencoding());
    return is_long_key(content, length(replace(content, E'\\', ''))
        - 2 * (length(content) - length(replace(content, E'\\u', ''))));  -- of \u0001 the four digits
end $$;

-- Returns what the library could not read back in a JSON value that stands at that level of its document; null for nothing.
-- document: its text. Every step reads the text once. What is nested is never copied out, since that would take its size once for each level.
create function json_trouble(value jsonb, document text, level integer) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    flat bytea;
    number_is_long boolean;
    key_is_long boolean;
begin
    if length(document) <= 1000 - 2 * level then
        return null;
    end if;
    if jsonb_path_exists(value, format('strict $.**{%s} ? (@.type() == "array" || @.type() == "object")', 500 - level)::jsonpath) then
        return 'the value is nested deeper than 500 levels, or refers to itself; flatten it';
    end if;
    if length(document) <= 25000 and document !~ '[0-9]{250}' then
        return null;
    end if;
    flat := convert_to(json_flat(document), getdatabaseencoding());
    with quoteless as materialized (
        select w.n, w.outside, w.n - row_number() over (partition by w.outside order by w.n) as island,
            w.outside and w.part !~ '[^-.0-9]' as is_number
        from json_windows(flat) w
        where w.quotes = 0
    )
    select exists (select from quoteless q where q.is_number and is_long_number(flat, q.n)),
        exists (
            select
            from quoteless q
            where not q.outside
            group by q.island
            having count(*) >= 99 and is_long_key(flat, min(q.n), max(q.n)))
    into number_is_long, key_is_long;
    if number_is_long then
        return 'the number has more than 1000 digits; send it as a text';
    elsif key_is_long then
        return 'the key has more than 50000 characters; use a shorter one';
    end if;
    return null;
end $$;

-- Returns where in a troubled JSON document a trouble is, and why it is one. document: its text; reason: what json_trouble says of it. Goes on until
-- 1 MiB of JSON text has been read; a document that would take more is refused with the beginning of the path, '...' and the reason.
create function trouble_of(value jsonb, document text, reason text) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    steps text[] := '{}';
    level integer := 0;
    left_to_read integer := 1048576 - least(octet_length(document), 1048576);
    child record;
begin
    while jsonb_typeof(value) in ('array', 'object') and level < 500 loop
        if left_to_read <= 0 and level > 0 then
            steps := steps || '...'::text;
            exit;
        end if;
        if jsonb_typeof(value) = 'array' then
            select '[' || e.n - 1 || ']' as step, e.value, length(t.document) as size, false as too_long, r.reason into child
            from jsonb_array_elements(value) with ordinality as e (value, n)
            cross join lateral (select e.value::text as document offset 0) t
            cross join lateral (
                select case when length(t.document) > 998 - 2 * level then json_trouble(e.value, t.document, level + 1) end as reason offset 0) r
            where r.reason is not null
            limit 1;
        else
            select case when e.key ~ '^[[:alpha:]_$][[:alnum:]_$-]{0,39}$' then '.' || e.key else '[' || quoted(e.key) || ']' end
                as step, e.value, length(t.document) as size, is_long_key(e.key, length(e.key)) as too_long, r.reason into child
            from jsonb_each(value) as e (key, value)
            cross join lateral (select e.value::text as document offset 0) t
            cross join lateral (
                select case when length(t.document) > 998 - 2 * level then json_trouble(e.value, t.document, level + 1) end as reason offset 0) r
            where is_long_key(e.key, length(e.key)) or r.reason is not null
            limit 1;
        end if;
        steps := steps || child.step;
        level := level + 1;
        if child.too_long then
            reason := 'the key has more than 50000 characters; use a shorter one';
            exit;
        end if;
        value := child.value;
        reason := child.reason;
        left_to_read := left_to_read - child.size;
    end loop;
    if cardinality(steps) > 24 then
        steps := steps[1:12] || array['...'] || steps[cardinality(steps) - 11:];
    end if;
    return format('$%s: %s', array_to_string(steps, ''), reason);
end $$;

-- Refuses a JSON document that the library would refuse. Its size is that of its JSON without blanks.
create or replace function check_json(place text, what text, value jsonb, cap integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    document constant text := value::text;
    size constant integer := octet_length(document);
    reason text;
begin
    if size > cap and (size > cap + cap / 2 or json_size(document) > cap) then -- of three bytes one at most is a blank
        perform refuse(place, format('%s refused at $: its JSON takes more than the cap of %s bytes; make it smaller, store the '
            'bulk elsewhere and append a reference to it, or raise the cap (at most 67108864)', what, cap), '22023', null);
    end if;
    reason := json_trouble(value, document, 0);
    if reason is not null then
        perform refuse(place, format('%s refused at %s', what, trouble_of(value, document, reason)), '22023', null);
    end if;
end $$;

drop function trouble_of(jsonb);
drop function is_troubled(jsonb, integer);
drop function is_long_key(text);
