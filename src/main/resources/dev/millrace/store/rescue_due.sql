-- rescue_due: in how many seconds the next lease of another worker runs out, null if there is no other; zero if something is
-- held by no registered worker, or if a worker's last renewal lies more than half of the asking worker's lease in the future: the
-- database's clock was set back, and rescue says what becomes of that worker. Reads only.
with clock as (
    select clock_timestamp() + (expires_at - heartbeat_at) / 2 as future
    from millrace.worker
    where id = :rescuer
)
select case
    when exists (
        select from millrace.running r where not exists (select from millrace.worker w where w.id = r.worker)
    ) then 0
    when exists (
        select from millrace.worker w cross join clock where w.id <> :rescuer and w.heartbeat_at > clock.future
    ) then 0
    else (select extract(epoch from min(expires_at) - clock_timestamp()) from millrace.worker where id <> :rescuer)
end::float8 as seconds
