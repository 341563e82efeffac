-- totals: how much there was to judge. Reads only.
select
    (select count(*) from torture.append_line where said = 'A') as acknowledged,
    (select count(*) from outcome) as settled,
    (select count(*) from torture.run_line where said = 'S') as runs,
    (select count(*) from attempt where reason = 'lost') as lost,
    (select count(*) from torture.run_line where said = 'L') as late,
    (select count(*) from outcome where status = 6) as aborted
