-- What crash recovery learned to keep: for how long a worker has been renewing without a gap, and what a worker that had
-- lost its lease answered too late.

-- rescue: only a worker that has renewed for one whole lease without a gap may take others' events. The database keeps it,
-- so that a statement that was held up by an outage is judged when it arrives, not when it was sent.
alter table worker add column steady_since timestamptz not null default clock_timestamp();
alter table worker add constraint worker_steady_since_finite check (isfinite(steady_since));

-- The answer that a lost attempt gave after its event had been taken back: refused, and kept here for people to see.
-- late_status: the status it asked for, 0 for a return to pending. late_bytes: the size of its response, which is not kept.
alter table attempt add column late_at timestamptz;
alter table attempt add column late_error jsonb;
alter table attempt add column late_bytes integer;
alter table attempt add column late_status smallint;
alter table attempt add constraint attempt_late_status_known check (late_status between 0 and 6);
alter table attempt add constraint attempt_late_at_finite check (isfinite(late_at));
alter table attempt add constraint attempt_late_whole check ((late_at is null) = (late_status is null));
