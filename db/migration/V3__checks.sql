-- Checks that were missing, so that plain SQL cannot store what the library would not; and for each table and index, in
-- the catalog itself, what it is for.

-- A type is the name of a lane as well.
alter table event drop constraint event_type_legal;
alter table event add constraint event_type_legal check (char_length(type) between 1 and 200 and type !~ '[\u0001-\u001f\u007f-\u009f]');

alter table worker
    add constraint worker_started_at_finite check (isfinite(started_at)),
    add constraint worker_heartbeat_at_finite check (isfinite(heartbeat_at));

alter table running
    add constraint running_claimed_at_finite check (isfinite(claimed_at)),
    add constraint running_priority_finite check (priority > '-Infinity' and priority < 'Infinity'),
    add constraint running_counters_natural check (failures >= 0 and denials >= 0 and deaths >= 0);

-- jsonb may outgrow its text, whose cap is the client's: hence twice the largest of those.
alter table outcome
    add constraint outcome_started_at_finite check (isfinite(started_at)),
    add constraint outcome_response_capped check (pg_column_size(response) <= 134217728),
    add constraint outcome_error_capped check (pg_column_size(error) <= 1048576);

alter table attempt
    add constraint attempt_attempt_natural check (attempt >= 0),
    add constraint attempt_started_at_finite check (isfinite(started_at)),
    add constraint attempt_finished_at_finite check (isfinite(finished_at)),
    add constraint attempt_duration_finite check (duration >= 0 and duration < 'Infinity'),
    add constraint attempt_error_capped check (pg_column_size(error) <= 1048576),
    add constraint attempt_late_error_capped check (pg_column_size(late_error) <= 1048576),
    add constraint attempt_late_bytes_natural check (late_bytes >= 0);

alter table chunk
    add constraint chunk_attempt_positive check (attempt >= 1),
    add constraint chunk_created_at_finite check (isfinite(created_at)),
    add constraint chunk_value_capped check (pg_column_size(value) <= 134217728);

alter table progression
    add constraint progression_created_at_finite check (isfinite(created_at)),
    add constraint progression_metadata_capped check (pg_column_size(metadata) <= 1048576);

alter table progression_event
    add constraint progression_event_position_natural check (position >= 0);

alter table status_delta
    add constraint status_delta_status_known check (status between 0 and 6);

comment on table flow is 'What one executor owns; never deleted.';
comment on table lane is 'One queue inside a flow for each payload type. Its negated number queues events with a death on them.';
comment on table event is 'The immutable facts of every event, whatever its status. Insert only, until clean-up.';
comment on table ready is 'PENDING and due, in order of priority and append.';
comment on table scheduled is 'PENDING and not due yet: delay, retry back-off, wait.';
comment on table worker is 'Registrations of processes and their leases.';
comment on table running is 'PROCESSING: claimed by a worker. (id, worker, attempt) is the fence of whoever ends it.';
comment on table outcome is 'COMPLETED 2, FAILED 3, CANCELLED 4, SKIPPED 5, ABORTED 6, in order of arrival. Insert only, until clean-up.';
comment on table attempt is 'Attempts that did not settle their event: why, when, where. Insert only, until clean-up.';
comment on table chunk is 'What streaming handlers emitted, in order. Insert only, until clean-up.';
comment on table progression is 'Users'' own progressions, beside the seven of the statuses.';
comment on table progression_event is 'The members of users'' progressions, in order.';
comment on table status_delta is 'Changes of the counts by status that have not been added up yet.';
comment on table status_count is 'Counts by status but for the changes in status_delta; the sum of both is exact.';

comment on index flow_pkey is 'flow_limit, flow_lock: a flow by its number';
comment on index flow_uid_key is 'unique: a flow''s id in snapshots';
comment on index flow_name_key is 'flow_find, flow_open: a flow by its name';
comment on index lane_pkey is 'unique: a lane''s number, which stands in ready, scheduled and running';
comment on index lane_flow_type_key is 'lanes_find, lanes_open, page_ready: the lanes of a flow, by type';
comment on index event_pkey is 'find, claim, same_events: an event by id; clean_up';
comment on index ready_pkey is 'claim_one, end_pending, find: an event by id, which is here once';
comment on index ready_claim is 'claim, claim_lanes, due_left: the best events of a lane; page_ready';
comment on index scheduled_pkey is 'claim_one, end_pending, find: an event by id, which is here once';
comment on index scheduled_due is 'promote: what has become due, across flows';
comment on index scheduled_flow is 'page_scheduled: the second part of the pending progression';
comment on index worker_pkey is 'worker_renew, worker_leave, rescue: a registration by its id';
comment on index running_pkey is 'settle, give_back, add_chunks, find: a claim by its event''s id';
comment on index outcome_pkey is 'find, settled, settled_by: an event by id, which settles once';
comment on index outcome_progression is 'page_outcome, clean_up: a terminal progression in order of arrival';
comment on index attempt_pkey is 'permission_errors, settled_by, clean_up: the history of an event';
comment on index chunk_pkey is 'chunks, add_chunks, clean_up: what an attempt emitted, from any offset';
comment on index progression_pkey is 'progression_rename: a progression by id; its members refer to it';
comment on index progression_flow_name_key is 'progression_find, progression_add, progression_lock: a progression by name';
comment on index progression_event_pkey is 'progression_find, progression_fill: members in order';
comment on index progression_event_event is 'clean_up: the progressions that an event is in';
comment on index status_count_pkey is 'counts, fold_counts: the counts of a flow';
