insert into bench_sql.bare (id, flow, priority, payload) values (?, ?, ?, ?::jsonb)
