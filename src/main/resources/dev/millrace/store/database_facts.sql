-- database_facts: what Millrace needs to know of a database before it uses it. Reads only.
select current_setting('server_version_num')::integer as version,
    current_setting('server_version') as version_name,
    current_setting('server_encoding') as encoding,
    pg_is_in_recovery() as standby,
    current_setting('default_transaction_read_only')::boolean as read_only,
    current_setting('fsync')::boolean and current_setting('full_page_writes')::boolean
        and current_setting('synchronous_commit') <> 'off' as durable,
    current_setting('transaction_isolation') as isolation,
    current_database() as name
