-- rescue_due: in how many seconds the next lease of another worker runs out, null if there is no other; zero if something is
-- held by no registered worker. Reads only.
select case
    when exists (
        select from millrace.running r where not exists (select from millrace.worker w where w.id = r.worker)
    ) then 0
    else (select extract(epoch from min(expires_at) - clock_timestamp()) from millrace.worker where id <> :rescuer)
end::float8 as seconds
