-- What a single column of the tables that every event goes through must be is said by a domain instead of a check of the
-- table. PostgreSQL reads the checks of a table anew for each statement, which was two fifths of what it did for a single
-- append; those of a domain it keeps (docs/decisions/0009-domains.md). Rewrites the tables.

create domain event_type as text
    constraint event_type_legal check (char_length(value) between 1 and 200 and value !~ '[\u0001-\u001f\u007f-\u009f]');
create domain event_priority as double precision
    constraint event_priority_finite check (value > '-Infinity' and value < 'Infinity');
create domain event_timeout as double precision
    constraint event_timeout_positive check (value > 0 and value <= 315360000);
create domain event_created_at as timestamptz constraint event_created_at_finite check (isfinite(value));
create domain event_deadline as timestamptz constraint event_deadline_finite check (isfinite(value));
create domain event_metadata as jsonb
    constraint event_metadata_object check (jsonb_typeof(value) = 'object')
    constraint event_metadata_capped check (pg_column_size(value) <= 1048576);
create domain event_payload as jsonb constraint event_payload_capped check (pg_column_size(value) <= 134217728);

-- Of one kind in ready, scheduled and running: a variable of PL/pgSQL may hold what is of any of them (take_keys). For the same
-- reason scheduled.run_at, which ready does not have, keeps its type.
create domain queued_priority as double precision
    constraint queued_priority_finite check (value > '-Infinity' and value < 'Infinity');
create domain queued_counter as integer constraint queued_counters_natural check (value >= 0);

create domain running_claimed_at as timestamptz constraint running_claimed_at_finite check (isfinite(value));
create domain running_attempt as integer constraint running_attempt_positive check (value >= 1);

create domain outcome_status as smallint constraint outcome_status_terminal check (value between 2 and 6);
create domain outcome_attempt as integer constraint outcome_attempt_natural check (value >= 0);
create domain outcome_duration as double precision
    constraint outcome_duration_finite check (value >= 0 and value < 'Infinity');
create domain outcome_started_at as timestamptz constraint outcome_started_at_finite check (isfinite(value));
create domain outcome_finished_at as timestamptz constraint outcome_finished_at_finite check (isfinite(value));
create domain outcome_error as jsonb constraint outcome_error_capped check (pg_column_size(value) <= 1048576);
create domain outcome_response as jsonb constraint outcome_response_capped check (pg_column_size(value) <= 134217728);

create domain unique_key_key as text
    constraint unique_key_key_legal check (char_length(value) between 1 and 200 and value !~ '[\u0001-\u001f\u007f-\u009f]');
create domain unique_key_scope as smallint constraint unique_key_scope_known check (value between 0 and 3);
create domain unique_key_expires_at as timestamptz constraint unique_key_expires_at_finite check (isfinite(value));

create domain status_delta_status as smallint constraint status_delta_status_known check (value between 0 and 6);

-- A view holds the types of its columns fast: all that read tables are written down, dropped, and made again as they were.
do $$
declare
    known record;
    again text[] := '{}';
    statement text;
begin
    for known in
        select c.relname as name, pg_get_viewdef(c.oid) as definition, obj_description(c.oid, 'pg_class') as meaning
        from pg_class c
        where c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
            and c.relkind = 'v' and c.relname <> 'enqueue'
        order by c.oid
    loop
        again := again || format('create view %I as %s', known.name, known.definition)
            || format('comment on view %I is %L', known.name, known.meaning);
    end loop;
    drop view event_status, progression_member, unique_key_state, flow_status, worker_status;
    drop trigger expiry_added on event;

    alter table event
        drop constraint event_type_legal, alter column type type event_type,
        drop constraint event_priority_finite, alter column priority type event_priority,
        drop constraint event_timeout_positive, alter column timeout type event_timeout,
        drop constraint event_created_at_finite, alter column created_at type event_created_at,
        drop constraint event_deadline_finite, alter column deadline type event_deadline,
        drop constraint event_metadata_object, drop constraint event_metadata_capped, alter column metadata type event_metadata,
        drop constraint event_payload_capped, alter column payload type event_payload;
    alter table ready
        drop constraint ready_priority_finite, alter column priority type queued_priority,
        drop constraint ready_counters_natural,
        alter column attempt type queued_counter, alter column failures type queued_counter,
        alter column denials type queued_counter, alter column deaths type queued_counter;
    alter table scheduled
        drop constraint scheduled_priority_finite, alter column priority type queued_priority,
        drop constraint scheduled_counters_natural,
        alter column attempt type queued_counter, alter column failures type queued_counter,
        alter column denials type queued_counter, alter column deaths type queued_counter;
    alter table running
        drop constraint running_priority_finite, alter column priority type queued_priority,
        drop constraint running_claimed_at_finite, alter column claimed_at type running_claimed_at,
        drop constraint running_attempt_positive, alter column attempt type running_attempt,
        drop constraint running_counters_natural,
        alter column failures type queued_counter, alter column denials type queued_counter,
        alter column deaths type queued_counter;
    alter table outcome
        drop constraint outcome_status_terminal, alter column status type outcome_status,
        drop constraint outcome_attempt_natural, alter column attempt type outcome_attempt,
        drop constraint outcome_duration_finite, alter column duration type outcome_duration,
        drop constraint outcome_started_at_finite, alter column started_at type outcome_started_at,
        drop constraint outcome_finished_at_finite, alter column finished_at type outcome_finished_at,
        drop constraint outcome_error_capped, alter column error type outcome_error,
        drop constraint outcome_response_capped, alter column response type outcome_response;
    alter table unique_key
        drop constraint unique_key_key_legal, alter column key type unique_key_key,
        drop constraint unique_key_scope_known, alter column scope type unique_key_scope,
        drop constraint unique_key_expires_at_finite, alter column expires_at type unique_key_expires_at;
    alter table status_delta
        drop constraint status_delta_status_known, alter column status type status_delta_status;

    create trigger expiry_added after insert on event for each row when (new.deadline is not null)
        execute function expiry_added();
    foreach statement in array again loop
        execute statement;
    end loop;
end $$;
select grant_roles();
