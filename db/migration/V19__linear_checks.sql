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

-- Splits the text of a JSON value at its quotes: what stands at odd places is outside of strings, what stands at even places is
-- within a string. An escaped quote or backslash becomes '\_', so that every other quote begins or ends a string.
create function json_parts(document text) returns text[] language sql immutable
return string_to_array(replace(replace(document, E'\\\\', E'\\_'), E'\\"', E'\\_'), '"');

-- Returns the number of bytes of a JSON text without the blanks between its parts.
create function json_size(document text) returns integer language sql immutable
return octet_length(document) - coalesce((
    select sum(length(p.part) - length(replace(p.part, ' ', '')))::integer
    from unnest(json_parts(document)) with ordinality as p (part, place)
    where p.place % 2 = 1), 0);

-- Returns what the library could not read back in a JSON value that stands at that level of its document; null for nothing.
-- Every step reads the text once. What is nested is never copied out, since that would take its size once for each level.
create function json_trouble(value jsonb, level integer) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    json text := value::text;
    has_many_digits boolean;
    parts text[];
begin
    if length(json) <= 1000 - 2 * level then
        return null;
    end if;
    if jsonb_path_exists(value, format('strict $.**{%s} ? (@.type() == "array" || @.type() == "object")', 500 - level)::jsonpath) then
        return 'the value is nested deeper than 500 levels, or refers to itself; flatten it';
    end if;
    has_many_digits := json ~ '[0-9]{250}'; -- in a number or in a text
    if length(json) <= 25000 and not has_many_digits then
        return null;
    end if;
    parts := json_parts(json);
    if has_many_digits and exists (
            select
            from unnest(parts) with ordinality as p (part, place)
                cross join string_to_table(p.part, ',') as number -- with the brackets around it
            where p.place % 2 = 1 and length(p.part) > 1000 and length(number) > 1000
                and length(regexp_replace(number, '[^0-9]+', '', 'g')) > 1000) then
        return 'the number has more than 1000 digits; send it as a text';
    end if;
    if length(json) > 25000 and exists (
            select
            from unnest(parts) with ordinality as p (part, place)
            where p.place % 2 = 0 and length(p.part) > 25000 and left(parts[p.place + 1], 1) = ':'
                and is_long_key(p.part, length(replace(p.part, E'\\', ''))
                    - 2 * (length(p.part) - length(replace(p.part, E'\\u', '')))) ) then -- of \u0001 the four digits
        return 'the key has more than 50000 characters; use a shorter one';
    end if;
    return null;
end $$;

-- Returns where in a troubled JSON document a trouble is, and why it is one. Looks at no more than 2 MiB of JSON text; a document
-- that would take more is refused with the beginning of the path, '...' and the reason.
create or replace function trouble_of(value jsonb) returns text language plpgsql immutable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    steps text[] := '{}';
    level integer := 0;
    left_to_read integer := 2 * 1048576;
    child record;
    reason text;
begin
    while reason is null loop
        left_to_read := left_to_read - octet_length(value::text);
        if jsonb_typeof(value) in ('array', 'object') and level = 500 then
            reason := 'the value is nested deeper than 500 levels, or refers to itself; flatten it';
        elsif left_to_read < 0 and level > 0 then
            steps := steps || '...'::text;
            reason := json_trouble(value, level);
        elsif jsonb_typeof(value) = 'array' then
            select '[' || e.n - 1 || ']' as step, e.value into child
            from jsonb_array_elements(value) with ordinality as e (value, n)
            where json_trouble(e.value, level + 1) is not null
            limit 1;
            steps := steps || child.step;
            value := child.value;
            level := level + 1;
        elsif jsonb_typeof(value) = 'object' then
            select case when e.key ~ '^[[:alpha:]_$][[:alnum:]_$-]{0,39}$' then '.' || e.key else '[' || quoted(e.key) || ']' end
                as step, e.value, is_long_key(e.key, length(e.key)) as too_long into child
            from jsonb_each(value) as e (key, value)
            where is_long_key(e.key, length(e.key)) or json_trouble(e.value, level + 1) is not null
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
create or replace function check_json(place text, what text, value jsonb, cap integer) returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    if octet_length(value::text) > cap and json_size(value::text) > cap then
        perform refuse(place, format('%s refused at $: its JSON takes more than the cap of %s bytes; make it smaller, store the '
            'bulk elsewhere and append a reference to it, or raise the cap (at most 67108864)', what, cap), '22023', null);
    elsif json_trouble(value, 0) is not null then
        perform refuse(place, format('%s refused at %s', what, trouble_of(value)), '22023', null);
    end if;
end $$;

drop function is_troubled(jsonb, integer);
drop function is_long_key(text);
