package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.FaultyNetwork;
import dev.millrace.faults.Hold;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Closing a Millrace: gracefully, hurried, twice, and while the database is away. */
class ShutdownTest extends WithMillrace {
    /** Two seconds are promised after the grace; the rest is for a machine that is busy with other things. */
    private static final Duration PROMISED_AND_SLACK = Duration.ofSeconds(4);

    private final CountDownLatch running = new CountDownLatch(1);
    private final CountDownLatch end = new CountDownLatch(1);

    ShutdownTest(TestDatabase database) {
        super(database);
    }

    private Executor<Task> waiting(Millrace millrace) {
        return tasks(millrace)
                .concurrencyLimit(1)
                .handler((task, run) -> {
                    running.countDown();
                    end.await();
                    return null;
                })
                .build();
    }

    private static MillraceBuilder graceOf(Duration grace) {
        return Millrace.builder().shutdownGrace(grace);
    }

    private static Duration timeOf(Runnable work) {
        long begin = System.nanoTime();
        work.run();
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    @Test
    @DisplayName("A17 what ends within the grace is settled, what is claimed and has not started goes back at once")
    void close_withinTheGrace_settlesWhatRunsAndClaimsNoMore() throws InterruptedException {
        Millrace closing = opened(graceOf(LONG).dataSource(database.newPool(6)).connect());
        Executor<Task> tasks = waiting(closing);
        append(tasks, 3);
        tasks.execute();
        running.await();

        Thread close = Thread.ofPlatform().start(closing::close);
        database.query("select pg_sleep(0.3)");
        assertThat(close.isAlive()).isTrue();
        end.countDown();
        close.join();

        assertThat(database.query("select status, count(*) from event_status group by status order by status"))
                .isEqualTo(List.of(List.of("completed", 1L), List.of("pending", 2L)));
        assertThat(database.longValue("select count(*) from worker")).isZero();
    }

    @Test
    @DisplayName("A17 what still runs after the grace is interrupted and goes back without a death")
    void close_afterTheGrace_givesBackWithoutADeath() throws InterruptedException {
        Millrace closing = opened(
                graceOf(Duration.ofMillis(300)).dataSource(database.newPool(6)).connect());
        Executor<Task> tasks = waiting(closing);
        UUID id = tasks.append(new Task("a"));
        tasks.execute();
        running.await();

        Duration took = timeOf(closing::close);

        assertThat(took)
                .isBetween(Duration.ofMillis(300), Duration.ofMillis(300).plus(PROMISED_AND_SLACK));
        assertThat(database.query("select attempt, failures, deaths from ready"))
                .isEqualTo(List.of(List.of(1, 0, 0)));
        assertThat(attempts(id)).isEqualTo(List.of("shutdown"));
        assertThat(database.longValue("select count(*) from worker")).isZero();
    }

    @Test
    void close_whileAPermissionIsAskedFor_givesTheEventBackAtOnce() throws InterruptedException {
        Millrace closing = opened(graceOf(LONG).dataSource(database.newPool(6)).connect());
        CountDownLatch asked = new CountDownLatch(1);
        AtomicInteger runs = new AtomicInteger();
        Executor<Task> tasks = tasks(closing)
                .permission(event -> {
                    asked.countDown();
                    end.await();
                    return Permission.granted();
                })
                .handler((task, run) -> runs.incrementAndGet())
                .build();
        append(tasks, 1);
        tasks.execute();
        asked.await();

        Duration took = timeOf(closing::close);
        end.countDown();

        assertThat(took).isLessThan(LONG);
        assertThat(database.query("select attempt, deaths from ready")).isEqualTo(List.of(List.of(1, 0)));
        assertThat(runs).hasValue(0);
    }

    @Test
    void close_whileAClaimIsUnderWay_givesBackWhatItBrings() throws InterruptedException {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(6));
        Millrace closing = opened(graceOf(LONG).dataSource(faults).connect());
        Executor<Task> tasks = waiting(closing);
        tasks.start();
        Hold claim = faults.hold("claim", Moment.AFTER_COMMIT);
        append(tasks, 1);
        tasks.execute();
        claim.awaitReached();
        Thread close = Thread.ofPlatform().start(closing::close);
        database.query("select pg_sleep(0.1)");

        claim.release();
        close.join();

        assertThat(database.query("select attempt, deaths from ready")).isEqualTo(List.of(List.of(1, 0)));
        assertThat(running.getCount()).isOne();
    }

    @Test
    @DisplayName("A second close that hurries shortens the grace of the first, and both return when all has ended")
    void close_hurried_endsTheGraceOfTheFirst() throws InterruptedException {
        Millrace closing = opened(
                graceOf(Duration.ofHours(1)).dataSource(database.newPool(6)).connect());
        Executor<Task> tasks = waiting(closing);
        append(tasks, 1);
        tasks.execute();
        running.await();
        List<Thread> closers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            closers.add(Thread.ofPlatform().start(closing::close));
        }
        database.query("select pg_sleep(0.2)");
        assertThat(closers).allMatch(Thread::isAlive);

        closing.close(Duration.ZERO);
        for (Thread closer : closers) {
            closer.join();
        }

        assertThat(database.query("select deaths from ready")).isEqualTo(List.of(List.of(0)));
        assertThatThrownBy(tasks::start)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void close_byAnInterruptedThread_endsTheGraceAndKeepsTheInterrupt() throws InterruptedException {
        Millrace closing = opened(
                graceOf(Duration.ofHours(1)).dataSource(database.newPool(6)).connect());
        Executor<Task> tasks = waiting(closing);
        append(tasks, 1);
        tasks.execute();
        running.await();
        boolean[] interrupted = new boolean[1];
        Thread close = Thread.ofPlatform().start(() -> {
            closing.close();
            interrupted[0] = Thread.currentThread().isInterrupted();
        });
        database.query("select pg_sleep(0.2)");

        close.interrupt();
        close.join();

        assertThat(interrupted[0]).isTrue();
        assertThat(database.query("select deaths from ready")).isEqualTo(List.of(List.of(0)));
    }

    @Test
    @DisplayName("A18 a close while the database is away ends in time")
    @LeavesRunningRows
    void close_whileTheDatabaseIsAway_endsInTime() throws InterruptedException {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(6));
        Millrace closing =
                opened(graceOf(Duration.ofMillis(200)).dataSource(faults).connect());
        Executor<Task> tasks = waiting(closing);
        append(tasks, 1);
        tasks.execute();
        running.await();
        faults.down();

        Duration took = timeOf(closing::close);

        assertThat(took).isLessThan(PROMISED_AND_SLACK);
        assertThat(database.longValue("select count(*) from running")).isOne(); // left to the lease
    }

    @Test
    @DisplayName("A18 a close while the network swallows everything ends in time, and leaves no thread behind")
    @LeavesRunningRows
    void close_whileTheNetworkSwallowsEverything_endsInTime() throws Exception {
        try (FaultyNetwork network = FaultyNetwork.before(database)) {
            Millrace closing = opened(graceOf(Duration.ofMillis(200))
                    .jdbcUrl(network.through(database))
                    .connect());
            Executor<Task> tasks = waiting(closing);
            append(tasks, 1);
            tasks.execute();
            running.await();
            network.swallowAll();
            Thread caller = Thread.ofPlatform().start(() -> {
                try {
                    tasks.statusCounts(); // a call of the application's that hangs with it
                } catch (RuntimeException e) {
                    return; // broken off
                }
            });
            database.query("select pg_sleep(0.5)");

            Duration took = timeOf(closing::close);

            assertThat(took).isLessThan(PROMISED_AND_SLACK);
            caller.join();
        }
    }

    @Test
    @DisplayName("A17 a loop that hangs, and is broken off, does not keep the worker from saying goodbye")
    void close_whileALoopHangs_saysGoodbyeAllTheSame() throws InterruptedException {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(6));
        Millrace closing = opened(graceOf(Duration.ZERO).dataSource(faults).connect());
        Executor<Task> tasks = waiting(closing);
        append(tasks, 1);
        tasks.execute();
        running.await();
        Hold promotion = faults.hold("promote", Moment.BEFORE);
        promotion.awaitReached();

        closing.close();
        promotion.release();

        assertThat(database.longValue("select count(*) from worker")).isZero();
        assertThat(database.query("select attempt, deaths from ready")).isEqualTo(List.of(List.of(1, 0)));
    }

    @Test
    void close_whenAnAnswerCouldNotBeWrittenInTime_givesTheEventBackWithoutADeath() throws InterruptedException {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(6));
        Millrace closing = opened(graceOf(Duration.ZERO).dataSource(faults).connect());
        Executor<Task> tasks = tasks(closing).handler((task, run) -> "done").build();
        for (int i = 1; i <= 200; i++) {
            faults.set("settle", Moment.BEFORE, i, Fault.refuse("55P03"));
        }
        append(tasks, 1);
        tasks.execute();
        database.await("select exists (select from running)");

        closing.close();

        assertThat(database.query("select attempt, deaths from ready")).isEqualTo(List.of(List.of(1, 0)));
    }

    @Test
    void close_beforeAnythingWasStarted_isNothing() {
        Millrace idle = opened(Millrace.connect(database.newPool(2)));
        tasks(idle).build().append(new Task("a"));

        idle.close();
        idle.close();

        assertThat(database.longValue("select count(*) from ready")).isOne();
    }

    @Test
    void close_letsThoseGoWhoWait() throws InterruptedException {
        Millrace closing =
                opened(graceOf(Duration.ZERO).dataSource(database.newPool(6)).connect());
        Executor<Task> tasks = waiting(closing);
        UUID id = tasks.append(new Task("a"));
        tasks.start();
        Thread forwarding = Thread.ofVirtual().start(() -> {
            try {
                tasks.forward();
            } catch (InterruptedException e) {
                return;
            }
        });
        Thread awaiting = Thread.ofVirtual().start(() -> {
            try {
                tasks.await(id, Duration.ofHours(1));
            } catch (InterruptedException e) {
                return;
            }
        });
        running.await();

        closing.close();

        assertThat(forwarding.join(LONG)).isTrue();
        assertThat(awaiting.join(LONG)).isTrue();
        assertThat(count(tasks().build(), EventStatus.PENDING)).isOne();
    }
}
