-- resume_all: ends every pause, whoever began it: who did may have been killed.
update millrace.flow set paused_at = null, pause_reason = null where paused_at is not null
