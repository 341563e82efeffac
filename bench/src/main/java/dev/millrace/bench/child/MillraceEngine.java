package dev.millrace.bench.child;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Millrace through its public interface. Each {@link #arm} is a process's start: a connection and a worker of its own. */
final class MillraceEngine implements Engine {
    static final String SCHEMA = "bench_millrace";
    static final String FLOW = "bench";

    private static final int CONCURRENCY = 1_000;
    private static final int BATCH = 500;

    private final String url;
    private @Nullable Millrace idle;
    private @Nullable Executor<Job> appender;
    private @Nullable SqlClient sqlClient;
    private @Nullable Millrace worker;
    private volatile @Nullable Executor<Job> working;

    MillraceEngine(String url) {
        this.url = url;
    }

    @Override
    public void install() {
        Millrace connected =
                Millrace.builder().jdbcUrl(url).schema(SCHEMA).migrate().connect();
        idle = connected;
        appender = connected.executor(FLOW, Job.class).build();
    }

    @Override
    public void append(Job job) {
        Executor<Job> here = working; // who appends where a worker is, wakes it
        if (here == null) {
            here = appender;
        }
        if (here == null) {
            throw new IllegalStateException("not installed");
        }
        here.append(job);
    }

    @Override
    public void append(Way way, int count, int atOnce) throws SQLException, IOException {
        if (way != Way.LIBRARY && way != Way.UNIQUE) {
            sqlClient().append(way, count, atOnce);
            return;
        }
        boolean unique = way == Way.UNIQUE;
        Executor<Job> executor = appender;
        if (executor == null) {
            throw new IllegalStateException("not installed");
        }
        for (int from = 0; from < count; from += atOnce) {
            if (atOnce == 1) {
                executor.append(new Job(from, ""), options(from, unique));
            } else {
                List<Job> jobs = IntStream.range(from, Math.min(count, from + atOnce))
                        .mapToObj(n -> new Job(n, ""))
                        .toList();
                int unused = executor.appendAll(jobs, job -> options(job.n(), unique))
                        .size();
            }
        }
    }

    private SqlClient sqlClient() {
        SqlClient client = sqlClient;
        if (client == null) {
            client = new SqlClient(url, SCHEMA, FLOW);
            sqlClient = client;
        }
        return client;
    }

    private static Append options(long n, boolean unique) {
        return unique ? Append.uniqueKey("order-" + n) : Append.defaults();
    }

    @Override
    public void bulk(long first, int count, String fill) {
        Executor<Job> executor = appender;
        if (executor == null) {
            throw new IllegalStateException("not installed");
        }
        executor.appendAll(LongStream.range(first, first + count).mapToObj(n -> new Job(n, fill)));
    }

    @Override
    public void arm(Handling handling) {
        String response = handling.response();
        Millrace connected = Millrace.builder().jdbcUrl(url).schema(SCHEMA).connect();
        worker = connected;
        Executor<Job> executor = connected
                .executor(FLOW, Job.class)
                .handler((job, run) -> {
                    handling.handled().accept(job.n());
                    return response.isEmpty() ? null : response;
                })
                .concurrencyLimit(CONCURRENCY)
                .queueCapacity(BATCH)
                .build();
        executor.start();
        working = executor;
    }

    @Override
    public void go() {
        Executor<Job> executor = working;
        if (executor == null) {
            throw new IllegalStateException("not armed");
        }
        executor.execute();
    }

    @Override
    public void halt() {
        working = null;
        if (worker != null) {
            worker.close();
            worker = null;
        }
    }

    @Override
    public void close() {
        halt();
        if (sqlClient != null) {
            sqlClient.close();
        }
        if (idle != null) {
            idle.close();
        }
    }

    /** What to say of it in the results. */
    static String configuration() {
        return "concurrencyLimit " + CONCURRENCY + ", queueCapacity " + BATCH + ", poll interval "
                + Duration.ofMillis(200).toMillis() + " ms, bulk: appendAll of a stream";
    }
}
