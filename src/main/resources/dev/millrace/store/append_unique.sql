-- append_unique: as append, of events some of which have unique keys, no key twice. Says how many they are (answer 4),
-- none if the flow has a limit, or was dropped, and that was not :checked; and what take_keys answered. :room is how many events the flow has
-- room for; :again, whether an earlier try may have stored them. What is due is judged by :now, as in append.
-- Waits for whoever takes the same keys, then locks the rows of keys it takes over; a duplicate id fails on a primary key.
with input as materialized (
    select i.*, clock.moment, coalesce(:now::timestamptz, clock.moment) as now
    from unnest(:ids::uuid[], :lanes::integer[], :types::text[], :payloads::text[], :metadata::text[],
            :priorities::float8[], :timeouts::float8[], :deadlines::timestamptz[], :streaming::boolean[],
            :run_at::timestamptz[], :delays::float8[])
            with ordinality as i (id, lane, type, payload, metadata, given_priority, timeout, deadline, streaming,
                given_run_at, delay, n)
        cross join (select clock_timestamp() as moment) clock
    where :checked or exists (select 1 from millrace.flow where id = :flow and max_pending is null)
), met as materialized (
    select m.*
    from (select array_agg(id order by n) as ids, min(moment) as moment from input) i
        cross join lateral millrace.take_keys(:flow, i.ids, case when i.ids is not null then :keys::text[] end,
            :scopes::smallint[], :periods::float8[], :conflicts::smallint[], i.moment, :again, :room) m
), taken as materialized (
    select i.*, coalesce(i.given_priority, m.priority, extract(epoch from i.moment)) as priority, m.place,
        coalesce(i.given_run_at, i.now + i.delay * interval '1 second', m.due) as run_at
    from input i
        left join met m on m.id = i.id
    where m.answer is distinct from 0 and not exists (select from met where answer >= 2)
), stored as (
    insert into millrace.event (id, flow, type, payload, metadata, priority, timeout, deadline, streaming, created_at)
    select id, :flow, type, payload::jsonb, metadata::jsonb, priority, timeout, deadline, streaming, moment
    from taken
    order by n
), later as (
    insert into millrace.scheduled (id, run_at, priority, position, lane, flow)
    select id, run_at, priority, coalesce(place, nextval('millrace.ready_position_seq')), lane, :flow
    from taken
    where run_at > now
    order by n
), due as (
    insert into millrace.ready (id, priority, position, lane, flow)
    select id, priority, coalesce(place, nextval('millrace.ready_position_seq')), lane, :flow
    from taken
    where run_at is null or run_at <= now
    order by n
)
select null::uuid as id, null::uuid as holder, 4 as answer, count(*) as place from input
union all
select id, holder, answer, place from met
