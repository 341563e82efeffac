-- end_many: ends up to :window events that fit and are in the table of that stage (0 ready, 1 scheduled, 2 running) after a place in
-- it, as cancelled (4) or skipped (5); says which, in their order. Skips rows that others have locked. Notifies the workers of
-- running ones. Locks the rows that it moves.
select :flow as flow, id, attempt, case when :stage = 2 then 1 else 0 end as was, :code as became, lane, priority, due, place
from millrace.end_window(:code, :error::jsonb,
    row(:flow, :lanes::integer[], :since::timestamptz, :until::timestamptz, :lowest::float8, :highest::float8, :last::bigint)
        ::millrace.open_filter,
    :stage, :after_lane::integer, :after_priority::float8, :after_time::timestamptz, :after_place::bigint, :window)
