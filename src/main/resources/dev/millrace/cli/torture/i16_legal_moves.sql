-- i16_legal_moves: moves that are not in the table of legal ones, or that do not keep the attempt's number.
with step as (
    select id, seq, what, attempt, status,
        lag(what) over (partition by id order by seq) as before, lag(attempt) over (partition by id order by seq) as attempt_before
    from torture.move
    where what in ('r', 's', 'c', 'o')
)
select id || ' moved ' || coalesce(before::text, '-') || ' to ' || what::text || ', attempt ' || coalesce(attempt_before, 0) || ' to ' || attempt
from step
where not coalesce(
    case what
        when 'r' then before is null or before in ('s', 'c', 'r') -- from one priority to another
        when 's' then before is null or before in ('c', 's')
        when 'c' then before = 'r'
        else before = 'c' or (before in ('r', 's') and status in (4, 5))
    end and attempt = coalesce(attempt_before, 0) + (what = 'c')::integer, false)
