package dev.millrace.bench.child;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerBuilder;
import com.github.kagkarlsson.scheduler.SchedulerClient;
import com.github.kagkarlsson.scheduler.serializer.JacksonSerializer;
import com.github.kagkarlsson.scheduler.task.TaskDescriptor;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * db-scheduler, configured as its documentation advises for high throughput: lock-and-fetch, many threads. Completed
 * one-time tasks are deleted. Immediate execution is on, which makes its pick-up the fastest it has, in one process.
 */
final class DbSchedulerEngine implements Engine {
    private static final String TABLE = "bench_db_scheduler.scheduled_tasks";
    private static final TaskDescriptor<Job> TASK = TaskDescriptor.of("job", Job.class);
    private static final int THREADS = 50;
    private static final int BULK = 1_000;

    private final HikariDataSource pool;
    private final SchedulerClient client;
    private volatile @Nullable Scheduler scheduler;

    DbSchedulerEngine(String url) {
        this.pool = Pools.open(url, THREADS + 5);
        this.client = SchedulerClient.Builder.create(pool, List.of(task(job -> {})))
                .tableName(TABLE)
                .serializer(new JacksonSerializer())
                .build();
    }

    private interface Code {
        void run(Job job);
    }

    private static OneTimeTask<Job> task(Code code) {
        return Tasks.oneTime(TASK).execute((instance, context) -> code.run(instance.getData()));
    }

    @Override
    public void install() throws SQLException, IOException {
        try (Connection connection = pool.getConnection()) {
            Resources.run(connection, "db-scheduler/install.sql");
        }
    }

    @Override
    public void append(Job job) {
        Scheduler here = scheduler;
        (here == null ? client : here).scheduleIfNotExists(instance(job), Instant.now());
    }

    private static TaskInstance<Job> instance(Job job) {
        return TASK.instance(Long.toString(job.n())).data(job).build();
    }

    @Override
    public void bulk(long first, int count, String fill) {
        for (int done = 0; done < count; done += BULK) {
            List<TaskInstance<?>> batch = new ArrayList<>(BULK);
            for (int i = done; i < Math.min(done + BULK, count); i++) {
                batch.add(instance(new Job(first + i, fill)));
            }
            client.scheduleBatch(batch, Instant.now());
        }
    }

    @Override
    public void arm(Handling handling) {
        OneTimeTask<Job> task = task(job -> handling.handled().accept(job.n()));
        scheduler = new SchedulerBuilder(pool, List.of(task))
                .tableName(TABLE)
                .serializer(new JacksonSerializer())
                .threads(THREADS)
                .pollUsingLockAndFetch(1.0, 4.0)
                .pollingInterval(Duration.ofMillis(100))
                .enableImmediateExecution()
                .build();
    }

    @Override
    public void go() {
        Scheduler armed = scheduler;
        if (armed == null) {
            throw new IllegalStateException("not armed");
        }
        armed.start();
    }

    @Override
    public void halt() {
        Scheduler running = scheduler;
        scheduler = null;
        if (running != null) {
            running.stop();
        }
    }

    @Override
    public void close() {
        halt();
        pool.close();
    }

    static String configuration() {
        return THREADS + " threads, pollUsingLockAndFetch(1.0, 4.0), polling interval 100 ms, immediate execution,"
                + " JacksonSerializer; bulk: scheduleBatch(" + BULK + "); deletes what is done";
    }
}
