-- follow: for each of these places in streams, the chunks that stand there and after it, in order and up to a limit of chunks and
-- of characters; or one row without a chunk, if there is none and none will come: the event has ended, or its flow does
-- not have it. Nothing of a place where more may come. A place without an attempt is in the last one that emitted anything. Reads
-- only.
select asked.n, page.attempt, page.index, page.value
from unnest(:ids::uuid[], :flows::integer[], :attempts::integer[], :indexes::integer[])
    with ordinality as asked (id, flow, attempt, index, n)
left join lateral (select flow from millrace.outcome where id = asked.id offset 0) ended on true
left join lateral (select flow from millrace.event where id = asked.id offset 0) known on true
cross join lateral (
    select coalesce(asked.attempt, (select max(attempt) from millrace.chunk where event = asked.id), 0) as attempt
    offset 0
) start
left join lateral (
    select sized.attempt, sized.index, sized.value
    from (
        select c.attempt, c.index, c.value, sum(length(c.value)) over (order by c.attempt, c.index) - length(c.value) as before
        from (
            select attempt, index, value::text as value
            from millrace.chunk
            where event = asked.id and (attempt, index) >= (start.attempt, asked.index)
            order by attempt, index
            limit :limit
        ) c
    ) sized
    where sized.before < :characters
) page on known.flow = asked.flow
where page.attempt is not null or ended.flow is not null or known.flow is distinct from asked.flow
order by asked.n, page.attempt, page.index
