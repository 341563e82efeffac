-- What the three roles may do, once everything that they may do it with is there.

-- Gives the three roles what they need, those of them that exist, and nobody else anything. To be said again by the owner when
-- one was made later, and by every migration that makes something new.
create or replace function grant_roles() returns void language plpgsql
set search_path = "${flyway:defaultSchema}", pg_temp as $$
declare
    home constant text := quote_ident(current_schema());
begin
    execute format('revoke all on schema %s from public', home);
    execute format('revoke all on all tables in schema %s from public', home);
    execute format('revoke all on all sequences in schema %s from public', home);
    execute format('revoke all on all functions in schema %s from public', home);
    if exists (select from pg_roles where rolname = 'millrace_append') then
        execute format('grant usage on schema %s to millrace_append', home);
        grant select, insert on enqueue to millrace_append;
        grant execute on function
            append,
            append_many,
            oldest_library,
            open_flow,
            schema_version
            to millrace_append;
    end if;
    if exists (select from pg_roles where rolname = 'millrace_read') then
        execute format('grant usage on schema %s to millrace_read', home);
        execute format('grant select on all tables in schema %s to millrace_read', home);
        revoke all on enqueue from millrace_read;
        revoke all on worker from millrace_read; -- all but the channel, on which a worker is told what concerns it alone
        execute (
            select format('grant select (%s) on worker to millrace_read', string_agg(quote_ident(a.attname), ', ' order by a.attnum))
            from pg_attribute a
            where a.attrelid = 'worker'::regclass and a.attnum > 0 and not a.attisdropped and a.attname <> 'channel');
        grant execute on function
            status_name,
            iso_instant,
            status,
            event,
            status_counts,
            pending_counts,
            due_in,
            await,
            flow_id,
            refuse,
            quoted,
            is_plain,
            is_alive,
            flows_of,
            inspect_state,
            members,
            json_time,
            check_given,
            seconds_text,
            attempts,
            failed,
            failed_count,
            latest_members,
            ended_codes,
            ended_result,
            check_size,
            oldest_library
            to millrace_read;
    end if;
    if exists (select from pg_roles where rolname = 'millrace_work') then
        execute format('grant usage on schema %s to millrace_work', home);
        execute format('grant select, insert, delete on all tables in schema %s to millrace_work', home);
        execute format('grant usage, select on all sequences in schema %s to millrace_work', home);
        execute format('grant execute on all functions in schema %s to millrace_work', home);
        revoke delete on flow, lane from millrace_work;
        revoke insert, delete on schema_history from millrace_work;
        revoke delete on enqueue from millrace_work;
        revoke insert, delete on
            event_status,
            progression_member,
            flow_status,
            worker_status,
            type_status,
            unique_key_state
            from millrace_work;
        revoke insert, delete on setting, flow_turn from millrace_work;
        revoke execute on function
            grant_roles,
            set_payload_cap,
            recount,
            recount_flow,
            settle_strays,
            limit_flows,
            limit_types,
            drop_flow
            from millrace_work;
        grant update on flow, ready, scheduled, running, worker, attempt, progression, progression_event, status_count, sleeper,
            unique_key, retried, expiry, progress, status_delta to millrace_work;
        grant update (id) on outcome to millrace_work; -- to lock a row; what is in it stays
    end if;
end $$;
select grant_roles();
