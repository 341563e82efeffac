-- sleeper_declare: a worker waits to be notified of the events of these flows (0: of what is scheduled). From its commit on,
-- whatever adds one notifies. Nothing if the registration is gone. Locks the registration against its removal.
insert into millrace.sleeper (flow, worker)
select given.flow, worker.id
from unnest(:flows::integer[]) as given (flow)
cross join millrace.worker worker
where worker.id = :worker
order by given.flow
on conflict on constraint sleeper_pkey do update set since = excluded.since
