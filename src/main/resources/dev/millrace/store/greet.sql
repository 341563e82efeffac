-- greet: makes a fresh session notice when its client has gone, and asks it which server this is, which history that server
-- writes, and which sessions are still at work that this process gave up. Changes the session, unless that has a setting of its
-- own, or another session answers than the one that was opened, whose process is :process: a proxy. Reads only.
select
    case
        when pg_backend_pid() = :process and current_setting('client_connection_check_interval', true) = '0'
        then set_config('client_connection_check_interval', '1000', false)
    end as guarded,
    case when not pg_is_in_recovery() then (select system_identifier from pg_control_system()) end as cluster,
    case
        when not pg_is_in_recovery()
        then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer
    end as timeline,
    array(
        select pid
        from pg_stat_activity
        where pid = any (:given_up) and usename = current_user
            and wait_event_type is distinct from 'Client' -- else it waits for a client that is gone, and does nothing
    ) as busy
