-- totals: how much there was to judge. Reads only.
select
    (select count(*) from torture.append_line where said = 'A') as acknowledged,
    (select count(*) from outcome) as settled,
    (select count(*) from torture.run_line where said = 'S') as runs,
    (select count(*) from attempt where reason = 'lost') as lost,
    (select count(*) from torture.run_line where said = 'L') as late,
    (select count(*) from outcome where status = 6) as aborted,
    (select coalesce(percentile_cont(0.99) within group (order by extract(epoch from d.at - d.heartbeat_at) * 1000), 0)
        from torture.lease d
        where d.what = 'd' and exists (select from attempt a where a.worker = d.id and a.reason = 'lost')) as rescued_millis
