package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Hold;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A worker that sleeps is notified, by whatever makes an event claimable, and nobody is notified while none sleeps. */
@NotPooled("about notifications, which need a session")
class WakeUpTest extends WithMillrace {
    private static final String APPEND = """
            with fresh as (
                insert into event (id, flow, type, payload, priority) select uuid_v7(), id, 'task', '{"name": "sql"}', 0 from flow
                returning id, flow
            )
            insert into ready (id, priority, lane, flow)
            select fresh.id, 0, lane.id, fresh.flow from fresh join lane using (flow)
            """;

    private static final int ROUNDS = 20;

    /** Sessions whose last statement, the only one they ever run, was that. */
    private static final String LISTENING =
            "select count(*) from pg_stat_activity where datname = current_database() and query like '-- listen:%'";

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

    /** Appends one event after another, each when the last has run; says for how many the worker did not look by itself. */
    private int runWithoutALook(FaultyDataSource statements, Runnable appendOne) throws InterruptedException {
        awaitAsleep();
        database.query("select pg_sleep(1)"); // so that it will not look by itself for about another second
        int woken = 0;
        for (int i = 0; i < ROUNDS; i++) {
            awaitAsleep();
            int looks = statements.executions("due_lanes");
            appendOne.run();
            awaitRun(1);
            woken += looks == statements.executions("due_lanes") ? 1 : 0;
        }
        return woken;
    }

    @Test
    void append_elsewhereWhileAWorkerSleeps_wakesIt() throws InterruptedException {
        FaultyDataSource statements = counted();
        sleepy(on(statements)).execute();
        Executor<Task> appender = tasks(another()).build();

        assertThat(runWithoutALook(statements, () -> append(appender, 1))).isGreaterThan(ROUNDS / 4);
    }

    @Test
    void append_byPlainSqlOrAsARetry_wakes() throws InterruptedException {
        FaultyDataSource statements = counted();
        sleepy(on(statements)).execute();

        assertThat(runWithoutALook(statements, () -> database.execute(APPEND))).isGreaterThan(ROUNDS / 4);
        awaitAsleep();
        append(tasks(another()).build(), 1, "twice");
        awaitRun(1);
    }

    @Test
    void append_forLaterWhileAllSleep_runsWhenItIsDue() throws InterruptedException {
        sleepy(millrace()).execute();
        awaitAsleep();
        Executor<Task> appender = tasks(another()).build();
        Instant due = Instant.now().plusMillis(300);
        UUID id = appender.append(new Task("later"), Append.defaults().withRunAt(due));
        awaitRun(1);

        Event<Task> event = ended(appender, id);
        System.out.printf(
                "WakeUpTest: started %d ms after its time%n",
                database.longValue(
                        "select (extract(epoch from started_at - ?::timestamptz) * 1000)::int from outcome",
                        due.toString()));
        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    void append_betweenTheLastLookAndTheDeclaration_isFoundByTheLookAfterIt() throws InterruptedException {
        FaultyDataSource statements = counted();
        Executor<Task> worker = sleepy(on(statements));
        Executor<Task> appender = tasks(another()).build();
        Hold declaration = statements.holdOn("millrace-idle-watch", "sleeper_declare", Moment.BEFORE);
        worker.execute();
        declaration.awaitReached();

        append(appender, 1); // nobody sleeps yet, so nobody is told
        int looks = statements.executions("due_lanes");
        declaration.release();
        awaitRun(1);

        assertThat(statements.executions("due_lanes"))
                .as("it found it by the look that follows at once; a few may have followed since, with doubling pauses")
                .isLessThanOrEqualTo(looks + 6);
    }

    @Test
    void append_inATransactionOlderThanTheDeclaration_isFoundByALook() throws Exception {
        Executor<Task> appender = tasks(another()).build();
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            appender.append(connection, new Task("old")); // nobody sleeps yet
            FaultyDataSource statements = counted();
            tasks(on(statements))
                    .handler((task, run) -> {
                        ran.release();
                        return null;
                    })
                    .build()
                    .execute();
            awaitAsleep();

            connection.commit();
            awaitRun(1);
        }
    }

    @Test
    void sleepers_ofAWorkerThatLeaves_goWithIt() {
        Millrace other = another();
        sleepy(other).execute();
        awaitAsleep();

        other.close();

        assertThat(database.longValue("select count(*) from sleeper")).isZero();
        assertThat(database.longValue("select count(*) from worker")).isZero();
    }

    @Test
    void sleepers_ofAWorkerThatLosesItsLease_goWithItAndComeBackUnderItsNewId() throws InterruptedException {
        Millrace other = opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .lease(Duration.ofSeconds(1))
                .connect());
        sleepy(other).execute();
        awaitAsleep();

        database.execute("delete from worker");

        database.await("select exists (select from sleeper)"
                + " and not exists (select from sleeper where worker not in (select id from worker))");
        awaitAsleep();
        append(tasks().build(), 1);
        awaitRun(1);
    }

    @Test
    void executor_stopped_isNotNotifiedAnyMore() {
        Executor<Task> worker = sleepy(millrace());
        worker.execute();
        awaitAsleep();

        worker.stop();

        database.await("select not exists (select from sleeper where flow > 0)");
    }

    @Test
    void worker_underLoad_asksNobodyToNotifyIt() throws InterruptedException {
        Executor<Task> worker = tasks().concurrencyLimit(1)
                .handler((task, run) -> {
                    assertThat(ran.tryAcquire(LONG.toSeconds(), TimeUnit.SECONDS))
                            .isTrue();
                    return null;
                })
                .build();
        worker.execute();
        awaitAsleep();

        append(worker, 3);

        database.await(
                "select not exists (select from sleeper where flow > 0)"); // although it does not write at each event
        ran.release(3);
        assertThat(worker.join(LONG)).isTrue();
        awaitAsleep();
    }

    @Test
    void worker_toldNotToListen_polls() throws InterruptedException {
        Millrace deaf = opened(
                Millrace.builder().dataSource(database.newPool(6)).listen(false).connect());
        tasks(deaf)
                .pollInterval(Duration.ofMillis(50))
                .handler((task, run) -> {
                    ran.release();
                    return null;
                })
                .build()
                .execute();
        Executor<Task> appender = tasks().build();
        for (int i = 0; i < 3; i++) {
            append(appender, 1);
            awaitRun(1);
        }

        assertThat(database.longValue("select count(*) from sleeper")).isZero();
        assertThat(database.longValue(LISTENING)).isZero();
    }

    private static void append(Executor<Task> executor, int number, String name) {
        executor.appendAll(java.util.Collections.nCopies(number, new Task(name)));
    }
}
