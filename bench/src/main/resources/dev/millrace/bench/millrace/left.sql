select exists (select from bench_millrace.ready) or exists (select from bench_millrace.running)
