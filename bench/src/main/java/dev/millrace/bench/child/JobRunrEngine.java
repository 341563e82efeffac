package dev.millrace.bench.child;

import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.jobs.mappers.JobMapper;
import org.jobrunr.scheduling.JobRequestScheduler;
import org.jobrunr.server.BackgroundJobServer;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.server.JobActivator;
import org.jobrunr.storage.StorageProvider;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;
import org.jobrunr.utils.mapper.JsonMapper;
import org.jobrunr.utils.mapper.jackson.JacksonJsonMapper;
import org.jspecify.annotations.Nullable;

/** JobRunr with its PostgreSQL storage, by job requests, which need no byte code analysis. Completed jobs stay. */
final class JobRunrEngine implements Engine {
    private static final int WORKERS = 100;
    private static final int BULK = 1_000;
    private static final Duration POLL = Duration.ofSeconds(5); // the least it takes

    private final HikariDataSource pool;
    private final JsonMapper json = new JacksonJsonMapper();
    private @Nullable StorageProvider storage;
    private @Nullable JobRequestScheduler scheduler;
    private @Nullable BackgroundJobServer server;

    JobRunrEngine(String url) {
        this.pool = Pools.open(url, 20);
    }

    /** A job as JobRunr stores it. */
    public record Request(long n, String fill) implements JobRequest {
        @Override
        public Class<Handler> getJobRequestHandler() {
            return Handler.class;
        }
    }

    /** What handles it. */
    public static final class Handler implements JobRequestHandler<Request> {
        private final Handling handling;

        Handler(Handling handling) {
            this.handling = handling;
        }

        @Override
        public void run(Request request) {
            handling.handled().accept(request.n());
        }
    }

    @Override
    public void install() throws SQLException, IOException {
        try (Connection connection = pool.getConnection()) {
            Resources.run(connection, "jobrunr/install.sql");
        }
        StorageProvider tables = new PostgresStorageProvider(pool, "bench_jobrunr.");
        tables.setJobMapper(new JobMapper(json));
        storage = tables;
        scheduler = new JobRequestScheduler(tables);
    }

    private JobRequestScheduler scheduler() {
        if (scheduler == null) {
            throw new IllegalStateException("not installed");
        }
        return scheduler;
    }

    @Override
    public void append(Job job) {
        scheduler().enqueue(new Request(job.n(), job.fill()));
    }

    @Override
    public void bulk(long first, int count, String fill) {
        for (int done = 0; done < count; done += BULK) {
            List<Request> batch = new ArrayList<>(BULK);
            for (int i = done; i < Math.min(done + BULK, count); i++) {
                batch.add(new Request(first + i, fill));
            }
            scheduler().enqueue(batch.stream());
        }
    }

    @Override
    public void arm(Handling handling) {
        Handler handler = new Handler(handling);
        JobActivator activator = new JobActivator() {
            @Override
            public <T> T activateJob(Class<T> type) {
                return type.cast(handler);
            }
        };
        if (storage == null) {
            throw new IllegalStateException("not installed");
        }
        server = new BackgroundJobServer(
                storage,
                json,
                activator,
                BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                        .andWorkerCount(WORKERS)
                        .andPollInterval(POLL));
    }

    @Override
    public void go() {
        if (server == null) {
            throw new IllegalStateException("not armed");
        }
        server.start();
    }

    @Override
    public void halt() {
        if (server != null) {
            server.stop();
            server = null;
        }
    }

    @Override
    public void close() {
        halt();
        pool.close();
    }

    static String configuration() {
        return WORKERS + " workers, poll interval " + POLL.toSeconds()
                + " s (the least), JobRequest; bulk: enqueue(stream of " + BULK + "); a tenth of the events";
    }
}
