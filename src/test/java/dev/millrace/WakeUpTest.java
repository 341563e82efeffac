package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A worker that sleeps is notified, by whatever makes an event claimable, and nobody is notified while none sleeps. */
class WakeUpTest extends WithMillrace {
    private static final String APPEND = """
            with fresh as (
                insert into event (id, flow, type, payload, priority) select uuid_v7(), id, 'task', '{"name": "sql"}', 0 from flow
                returning id, flow
            )
            insert into ready (id, priority, lane, flow)
            select fresh.id, 0, lane.id, fresh.flow from fresh join lane using (flow)
            """;

    private final Semaphore ran = new Semaphore(0);

    WakeUpTest(TestDatabase database) {
        super(database);
    }

    /** A worker whose statements can be counted. */
    private FaultyDataSource counted() {
        return new FaultyDataSource(database.newPool(8));
    }

    private Millrace on(FaultyDataSource statements) {
        return opened(Millrace.connect(statements));
    }

    /** Looks so seldom that it would run none of a test's events in time without being woken. */
    private Executor<Task> sleepy(Millrace millrace) {
        return tasks(millrace)
                .pollInterval(Duration.ofMinutes(10))
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 3))
                .handler((task, run) -> {
                    if (task.name().equals("twice") && run.attempt() == 1) {
                        throw new IllegalStateException("the first time");
                    }
                    ran.release();
                    return null;
                })
                .build();
    }

    private void awaitAsleep() {
        database.await(
                "select exists (select from sleeper where flow > 0) and exists (select from sleeper where flow = 0)");
    }

    private void awaitRun(int events) throws InterruptedException {
        assertThat(ran.tryAcquire(events, LONG.toSeconds(), TimeUnit.SECONDS))
                .as("%d events ran within %s", events, LONG)
                .isTrue();
    }

    @Test
    void append_elsewhereWhileAWorkerSleeps_wakesIt() throws InterruptedException {
        FaultyDataSource statements = counted();
        sleepy(on(statements)).execute();
        Executor<Task> appender = tasks(another()).build();
        awaitAsleep();
        int looksBefore = statements.executions("due_left");

        for (int i = 0; i < 40; i++) {
            append(appender, 1);
            awaitRun(1);
        }

        assertThat(statements.executions("due_left") - looksBefore)
                .as("looks of its own while it was woken 40 times")
                .isLessThan(20);
    }

    @Test
    void append_byPlainSql_wakes() throws InterruptedException {
        FaultyDataSource statements = counted();
        sleepy(on(statements)).execute();
        awaitAsleep();
        int looksBefore = statements.executions("due_left");

        for (int i = 0; i < 40; i++) {
            database.execute(APPEND);
            awaitRun(1);
        }

        assertThat(statements.executions("due_left") - looksBefore).isLessThan(20);
    }
}
