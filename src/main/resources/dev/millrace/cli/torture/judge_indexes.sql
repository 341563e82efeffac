-- judge_indexes: what the judge looks things up by, made when the faults are over.
create index move_id on torture.move (id, seq);
create index lease_id on torture.lease (id, seq);
create index append_id on torture.append_line (id);
create index steer_at on torture.steer_line (said, at);
create index run_id on torture.run_line (id, attempt);
analyze torture.move, torture.lease, torture.append_line, torture.run_line, millrace.event, millrace.outcome, millrace.attempt
