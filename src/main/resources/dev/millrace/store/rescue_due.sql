-- rescue_due: in how many seconds the next lease of another worker runs out, null if there is no other; zero if something is
-- held by no registered worker, or if a worker's last renewal lies in the future (as rescue has it). Reads only.
select case
    when exists (
        select from millrace.running r where not exists (select from millrace.worker w where w.id = r.worker)
    ) then 0
    else (
        select min(case
            when heartbeat_at - now > greatest(expires_at - heartbeat_at, make_interval(secs => :lease)) / 2 then 0
            else extract(epoch from expires_at - now)
        end)
        from millrace.worker
        cross join (select clock_timestamp() as now) clock
        where id <> :rescuer
    )
end::float8 as seconds
