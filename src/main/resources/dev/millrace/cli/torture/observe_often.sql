-- observe_often: what must hold in every snapshot, as far as small tables tell. Reads only. The first four columns are how
-- much there is; each of the others counts violations.
with small as materialized (
    select id from ready
    union all
    select id from scheduled
    union all
    select id from running
), counted as materialized (
    select status, sum(n) as n
    from (select status, n from status_count union all select status, n from status_delta) parts
    group by status
), present as materialized (
    select (select count(*) from ready where lane > 0) as waiting, (select count(*) from ready where lane < 0) as suspects,
        (select count(*) from ready) + (select count(*) from scheduled) as pending,
        (select count(*) from running) as processing
)
select present.waiting, present.suspects, present.pending, present.processing,
    (select count(*) from (select id from small group by id having count(*) > 1) twice)
        + (select count(*) from small join outcome using (id)) as i06_in_two_tables,
    (select count(*) from small left join event using (id) where event.id is null) as i06_without_event,
    (select count(*) from counted
        where (status = 0 and n <> present.waiting + present.suspects)
            or (status = 7 and n <> present.pending - present.waiting - present.suspects) or (status = 1 and n <> present.processing)) as i07_counts,
    (select count(*) from running r left join worker w on w.id = r.worker
        where r.claimed_at < clock_timestamp() - interval '30 s'
            and (w.id is null or w.expires_at < clock_timestamp() - interval '30 s')) as i15_orphans
from present
