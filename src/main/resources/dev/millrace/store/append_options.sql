-- append_options: keeps what some events ask for beside their facts. They were stored by the same transaction.
insert into millrace.event_option (event, max_crashes)
select id, max_crashes
from unnest(:ids::uuid[], :max_crashes::smallint[]) as o (id, max_crashes)
