package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RateLimit;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** join(): waits until nothing is due and nothing runs here (R-070, list I.14). */
class JoinTest extends WithMillrace {
    private final Stage stage = new Stage();

    JoinTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("R-070 join after start alone drains the queue itself, batch after batch")
    void join_noLoop_drains() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().queueCapacity(3).handler(stage).build();
        append(tasks, 10);
        tasks.start();

        tasks.join();

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 10L));
        assertThat(tasks.isExecuting()).isFalse();
    }

    @Test
    @DisplayName("12.30 join after stop waits for what runs, and leaves what is pending; start ends that (R-070)")
    void join_afterStop_onlyWaits() throws Exception {
        Executor<Task> tasks = tasks().concurrencyLimit(1).handler(stage).build();
        append(tasks, 3);
        tasks.execute();
        stage.awaitEntered(1);
        tasks.stop();
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            Future<Boolean> joined = caller.submit(() -> tasks.join(LONG));
            database.query("select pg_sleep(0.2)");
            assertThat(joined).isNotDone();
            stage.releaseAll();

            assertThat(joined.get(LONG.toSeconds(), TimeUnit.SECONDS))
                    .as("something is due")
                    .isFalse();
        }
        tasks.join();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L, EventStatus.PENDING, 2L));

        tasks.start();
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L));
    }

    @Test
    @DisplayName(
            "12.30 join of a stopped executor whose queue is empty is true, and a stop before execute changes nothing")
    void join_afterStopOfAnEmptyQueue_isTrue() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().handler(stage).build();
        tasks.stop();
        append(tasks, 2);
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L));
        tasks.execute();
        tasks.stop();

        assertThat(tasks.join(LONG)).isTrue();
    }

    @Test
    @DisplayName("12.30 stop with a time waits for what runs and starts nothing more; it says whether that was in time")
    void stop_withATime_waitsForWhatRuns() throws Exception {
        Executor<Task> tasks = tasks().concurrencyLimit(1).handler(stage).build();
        append(tasks, 3);
        tasks.execute();
        stage.awaitEntered(1);
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            assertThat(caller.submit(() -> tasks.stop(Duration.ofMillis(50))).get(LONG.toSeconds(), TimeUnit.SECONDS))
                    .isFalse();
            assertThat(tasks.isExecuting()).isFalse();
            Future<Boolean> stopped = caller.submit(() -> tasks.stop(LONG));
            stage.releaseAll();

            assertThat(stopped.get(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L, EventStatus.PENDING, 2L));
        assertThat(tasks.stop(Duration.ZERO)).as("again").isTrue();
    }

    @Test
    @DisplayName("R-070 join with a loop returns only when what runs is done")
    void join_loopRunning_waitsForInFlight() throws Exception {
        Executor<Task> tasks = tasks().handler(stage).build();
        append(tasks, 2);
        tasks.execute();
        stage.awaitEntered(2);
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            CountDownLatch joining = new CountDownLatch(1);
            Future<Boolean> joined = caller.submit(() -> {
                joining.countDown();
                return tasks.join(LONG);
            });
            joining.await();
            stage.release(1);
            database.await("select count(*) = 1 from outcome");
            assertThat(joined).isNotDone();
            stage.release(1);

            assertThat(joined.get(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L));
    }

    @Test
    @DisplayName("R-070 join with a time gives up after it, with a loop and without one, and the event goes on")
    void join_timeIsOver_isFalse() throws Exception {
        Executor<Task> tasks = tasks().handler(stage).build();
        append(tasks, 1);
        tasks.start();
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            Future<Boolean> joined = caller.submit(() -> tasks.join(Duration.ofMillis(50)));
            assertThat(joined.get(LONG.toSeconds(), TimeUnit.SECONDS)).isFalse();
        }
        stage.awaitEntered(1);
        tasks.execute();
        append(tasks, 1);
        assertThat(tasks.join(Duration.ofMillis(50))).isFalse();

        stage.releaseAll();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L));
    }

    @Test
    @DisplayName("R-070 join with a time gives up after it although all slots are taken")
    void join_noSlotInTime_isFalse() throws Exception {
        Executor<Task> tasks = tasks().concurrencyLimit(1).handler(stage).build();
        append(tasks, 3);
        tasks.execute();
        stage.awaitEntered(1);
        tasks.stop();
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            Future<Boolean> joined = caller.submit(() -> tasks.join(Duration.ofMillis(50)));
            assertThat(joined.get(LONG.toSeconds(), TimeUnit.SECONDS)).isFalse();
        }
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PROCESSING, 1L, EventStatus.PENDING, 2L));
        stage.releaseAll();
        tasks.start(); // else it would leave what is pending
        assertThat(tasks.join(LONG)).isTrue();
    }

    @Test
    @DisplayName("R-070 join does not wait for what is not due")
    void join_scheduled_doesNotWait() throws InterruptedException {
        Executor<Task> tasks = tasks().handler(stage).build();
        tasks.append(
                new Task("later"), Append.defaults().withRunAt(Instant.now().plus(Duration.ofHours(1))));
        tasks.start();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
    }

    @Test
    @DisplayName("R-070 join waits for what a rate limit holds back, with a loop and without one")
    void join_rateLimited_waits() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().permission(RateLimit.of(2, Duration.ofMillis(50)))
                .handler(stage)
                .build();
        append(tasks, 5);
        tasks.start();
        assertThat(tasks.join(LONG)).isTrue();
        append(tasks, 5);
        tasks.execute();
        assertThat(tasks.join(LONG)).isTrue();

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 10L));
    }

    @Test
    @DisplayName("R-070 several may join at once")
    void join_manyCallers_allReturn() throws Exception {
        stage.releaseAll();
        Executor<Task> tasks = tasks().queueCapacity(5).handler(stage).build();
        append(tasks, 60);
        tasks.start();
        try (ExecutorService callers = Executors.newFixedThreadPool(3)) {
            Callable<Boolean> join = () -> tasks.join(LONG);
            for (Future<Boolean> joined : callers.invokeAll(List.of(join, join, join))) {
                assertThat(joined.get()).isTrue();
            }
        }

        assertThat(stage.names()).hasSize(60).doesNotHaveDuplicates();
    }
}
