-- reprioritize: gives one pending event, due or not, another priority; says whether it was found. It keeps its position, so among
-- those of its new priority it has the place of its append. As every move of an event, it deletes a row and inserts one:
-- waits for a claim of the same event that is under way, then finds nothing; a claim that meets it skips it.
with due as (
    delete from millrace.ready
    where ctid = (
        select ctid
        from (select ctid, flow from millrace.ready where id = :id offset 0) found -- by nothing but its id
        where flow = :flow
    )
    returning *
), later as (
    delete from millrace.scheduled
    where ctid = (
        select ctid
        from (select ctid, flow from millrace.scheduled where id = :id offset 0) found
        where flow = :flow
    )
    returning *
), again_due as (
    insert into millrace.ready (id, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, :priority, position, lane, flow, attempt, failures, denials, deaths
    from due
), again_later as (
    insert into millrace.scheduled (id, run_at, priority, position, lane, flow, attempt, failures, denials, deaths)
    select id, run_at, :priority, position, lane, flow, attempt, failures, denials, deaths
    from later
)
select id from due union all select id from later
