-- Pausing a flow says why; since when has been in paused_at from the beginning.
alter table flow add column pause_reason text;
alter table flow add constraint flow_pause_reason_legal
    check (char_length(pause_reason) between 1 and 200 and pause_reason !~ '[\u0001-\u001f\u007f-\u009f]');
alter table flow add constraint flow_pause_reason_with_pause check (pause_reason is null or paused_at is not null);

-- pause: its flow was paused before it had started.
alter table attempt drop constraint attempt_reason_known;
alter table attempt add constraint attempt_reason_known check (reason in
    ('retry', 'denied', 'wait', 'permission-error', 'snooze', 'shutdown', 'lost', 'cancelled', 'pause'));
