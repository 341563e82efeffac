-- count_failures: how many events ended without success and fit. Reads the entries of the index outcome_unsuccessful of that time.
select coalesce(sum(found.n), 0)::bigint
from unnest(:statuses::smallint[]) as s (code)
cross join lateral (
    select count(*) as n
    from (
        select
        from millrace.outcome f
        where f.flow = :flow and f.status = s.code and f.status > 2
            and f.finished_at >= coalesce(:since::timestamptz, '-infinity')
            and f.finished_at < coalesce(:until::timestamptz, 'infinity')
            and (:retryable::boolean is null or f.retryable is not distinct from :retryable::boolean)
            and (:error::text is null
                or strpos(lower(concat(f.error ->> 'error', ': ', f.error ->> 'message')), lower(:error::text)) > 0)
            and case when cardinality(:types::text[]) = 0 then true
                else (select e.type = any (:types::text[]) from millrace.event e where e.id = f.id) end
        order by f.finished_at desc, f.position desc -- by that index, whatever the size when this was planned
        offset 0
    ) f
) found
