-- What steers events: timeouts that are retried, redriving what has ended, cancelling what runs, deadlines that nobody has to
-- claim for.

-- cancelled: the attempt ran too long, and its event was retried.
alter table attempt drop constraint attempt_reason_known;
alter table attempt add constraint attempt_reason_known check (reason in
    ('retry', 'denied', 'wait', 'permission-error', 'snooze', 'shutdown', 'lost', 'cancelled'));

-- Which events were appended again as which: retry_all appends each once, however often it is repeated.
create table retried (
    original   uuid not null,
    event      uuid not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint retried_pkey primary key (original),
    constraint retried_created_at_finite check (isfinite(created_at))
);
comment on table retried is 'Events that have ended and were appended again, and as which event, the last time. Gone with the original.';
comment on index retried_pkey is 'retry, retry_all: each original once; clean_up';

-- A time as Java writes an Instant: in UTC, with no, three or six digits of the second's fraction.
create function iso_instant(moment timestamptz) returns text language sql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
    select to_char(moment at time zone 'UTC', case
        when extract(microseconds from moment)::integer % 1000000 = 0 then 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
        when extract(microseconds from moment)::integer % 1000 = 0 then 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'
        else 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    end)
$$;

-- The metadata of an event that is appended again: the event it was made from, the first of the line, and its number in that.
create function fresh_metadata(id uuid, created_at timestamptz, metadata jsonb) returns jsonb language sql stable
set search_path = "${flyway:defaultSchema}", pg_temp as $$
    select jsonb_build_object(
        'original', self.reference,
        'root', case
            when jsonb_typeof(metadata #> '{original,id}') = 'string' and jsonb_typeof(metadata #> '{root,id}') = 'string'
                then metadata -> 'root'
            else self.reference
        end,
        'attempt', 1 + case
            when jsonb_typeof(metadata -> 'attempt') <> 'number' then 1
            when (metadata ->> 'attempt')::numeric >= 1 and (metadata ->> 'attempt')::numeric < 2147483647
                then coalesce(trunc((metadata ->> 'attempt')::numeric)::integer, 1)
            else 1
        end)
    from (
        select jsonb_build_object('id', id, 'created_at', iso_instant(created_at)) as reference
    ) self
$$;

-- On which channel a worker is told what concerns it alone; null if it does not listen.
alter table worker add column channel uuid;

-- When to look whether an event with a deadline has started. One that has not is skipped; one that runs is looked at again.
create table expiry (
    event   uuid not null,
    look_at timestamptz not null,
    constraint expiry_pkey primary key (event),
    constraint expiry_look_at_finite check (isfinite(look_at))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index expiry_due on expiry (look_at);
comment on table expiry is 'Events with a deadline, and when to look whether they have started by then.';
comment on index expiry_pkey is 'expire, clean_up: the deadline of an event';
comment on index expiry_due is 'promote, expire: the deadlines that have passed';

create function expiry_added() returns trigger language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
begin
    insert into expiry (event, look_at) values (new.id, new.deadline);
    return null;
end $$;

-- Costs an event without a deadline nothing: the condition is judged before anything is called.
create trigger expiry_added after insert on event
    for each row when (new.deadline is not null) execute function expiry_added();

insert into expiry (event, look_at)
select e.id, e.deadline
from (select id from ready union all select id from scheduled union all select id from running) open
join event e using (id)
where e.deadline is not null;
