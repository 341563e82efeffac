-- sleeper_declare: a worker waits to be notified of a flow's events (0: of what is scheduled). From its commit on, whatever
-- adds one notifies. Nothing if the registration is gone. Locks the registration against its removal.
insert into millrace.sleeper (flow, worker)
select :flow, id from millrace.worker where id = :worker
on conflict on constraint sleeper_pkey do update set since = excluded.since
