-- due_left: whether anything in these lanes is due. Reads only.
select exists (
    select 1
    from unnest(:lanes::integer[]) as known (lane)
    cross join lateral (select 1 from millrace.ready where lane = known.lane limit 1) head
) or exists (
    select 1 from millrace.scheduled where flow = :flow and lane = any (:lanes::integer[]) and run_at <= statement_timestamp()
)
