-- listen: has this session hear wake-ups, and probes sent to :self. Null if another session answers than the one that was
-- opened, whose process is :process: a proxy. Changes the session.
select millrace.listen(:process, :self)
