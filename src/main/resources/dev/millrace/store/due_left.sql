-- due_left: whether anything in these lanes is due and may be claimed. Judges by :now; null is the database's clock. Reads only.
select not exists (select from millrace.flow where id = :flow and paused_at is not null) and (exists (
    select 1
    from unnest(:lanes::integer[]) as known (lane)
    cross join lateral (
        select 1
        from millrace.ready
        where lane = known.lane
        order by priority, position -- the claim's index has nothing else to skip: no row of another lane is read
        limit 1
    ) head
) or exists (
    select 1
    from (
        select lane
        from millrace.scheduled
        where flow = :flow and run_at <= coalesce(:now::timestamptz, statement_timestamp())
        order by run_at, position
        offset 0
    ) due
    where lane = any (:lanes::integer[])
))
