package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The background loop of an executor: execute, stop, pacing. */
class LoopTest extends WithMillrace {
    private final Stage stage = new Stage();

    LoopTest(TestDatabase database) {
        super(database);
    }

    /** Looks at an empty queue so seldom that a test cannot wait for it: only wake-ups count. */
    private ExecutorBuilder<Task> seldomPolling() {
        return tasks().pollInterval(Duration.ofMinutes(10)).handler(stage);
    }

    /** Waits until the loop that was stopped has ended what it was doing, perhaps a claim. */
    private static void awaitLoopGone(Executor<?> executor) throws InterruptedException {
        assertThat(executor.work().loop().awaitStopped(LONG)).isTrue();
    }

    @Test
    @DisplayName("R-066 execute runs what is there and what comes, an append wakes it, until stop")
    void execute_appends_areSeenAtOnce() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = seldomPolling().build();
        append(tasks, 3);
        tasks.execute();
        stage.awaitEntered(3);

        for (int i = 0; i < 3; i++) {
            append(tasks, 1);
            stage.awaitEntered(1);
        }

        assertThat(tasks.isExecuting()).isTrue();
        tasks.stop();
        assertThat(tasks.isExecuting()).isFalse();
    }

    @Test
    @DisplayName("R-066 an append by another process is seen at the next look")
    void execute_appendElsewhere_isPolled() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks =
                tasks().pollInterval(Duration.ofMillis(20)).handler(stage).build();
        tasks.execute();

        append(tasks(another()).build(), 2);

        stage.awaitEntered(2);
    }

    @Test
    @DisplayName("R-067 stop does not touch what runs: it goes on to its end; nothing new starts")
    void stop_whileRunning_letsItFinish() throws InterruptedException {
        Executor<Task> tasks = seldomPolling().concurrencyLimit(1).build();
        List<UUID> ids = append(tasks, 3);
        tasks.execute();
        stage.awaitEntered(1);

        tasks.stop();
        awaitLoopGone(tasks);
        stage.releaseAll();

        assertThat(ended(tasks, ids.getFirst()).status()).isEqualTo(EventStatus.COMPLETED);
        append(tasks, 1);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L, EventStatus.PENDING, 3L));
    }

    @Test
    @DisplayName("R-069 after stop, append and forward work")
    void stop_thenForward_works() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = seldomPolling().build();
        tasks.execute();
        tasks.stop();
        awaitLoopGone(tasks);

        append(tasks, 2);

        assertThat(tasks.forward()).isEqualTo(2);
    }

    @Test
    @DisplayName("R-068 stop before execute has no effect; execute twice is one loop; stop twice is harmless")
    void executeAndStop_anyOrder() throws InterruptedException {
        Executor<Task> tasks = seldomPolling().concurrencyLimit(2).build();
        tasks.stop();
        append(tasks, 5);
        tasks.execute();
        tasks.execute();
        stage.awaitEntered(2);

        assertThat(tasks.isExecuting()).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PROCESSING, 2L, EventStatus.PENDING, 3L));
        tasks.stop();
        tasks.stop();
        stage.releaseAll();
        database.await("select count(*) = 2 from outcome");
        tasks.execute();
        database.await("select count(*) = 5 from outcome");
        assertThat(stage.most()).isLessThanOrEqualTo(2);
    }

    @Test
    @DisplayName("R-068 execute and stop from many threads in any order lose nothing and leave a loop that works")
    void executeAndStop_manyThreads_loseNothing() throws InterruptedException {
        stage.releaseAll();
        long seed = System.nanoTime();
        System.out.println("LoopTest.executeAndStop seed " + seed);
        Executor<Task> tasks = seldomPolling().build();
        append(tasks, 300);
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            for (int thread = 0; thread < 3; thread++) {
                Random random = new Random(seed + thread);
                threads.execute(() -> {
                    for (int step = 0; step < 40; step++) {
                        if (random.nextBoolean()) {
                            tasks.execute();
                        } else {
                            tasks.stop();
                        }
                    }
                });
            }
        }
        tasks.execute();

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 300L));
        assertThat(stage.names()).hasSize(300);
    }

    @Test
    @DisplayName("R-066 paced, a batch is the queue capacity, and the next one comes after the refresh time")
    void execute_paced_keepsTheRefreshTime() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = seldomPolling()
                .queueCapacity(2)
                .capacityRefreshTime(Duration.ofMillis(150))
                .build();
        append(tasks, 7);
        tasks.execute();

        assertThat(tasks.join(LONG)).isTrue();

        // The k-th event is in batch k / 2; batches are at least a refresh time apart, give or take when one is
        // claimed.
        List<Double> starts = database.list(
                Double.class,
                "select extract(epoch from started_at)::float8 from outcome order by started_at, position");
        assertThat(starts).hasSize(7);
        assertThat(starts.get(6) - starts.get(0)).isGreaterThan(2 * 0.150);
        for (int later = 4; later < 7; later++) {
            assertThat(starts.get(later) - starts.get(later - 4)).isGreaterThan(0.150);
        }
    }

    @Test
    @DisplayName(
            "R-067 stop wakes a loop that waits for its refresh time, and execute begins with a batch at once (R-066)")
    void execute_again_beginsWithABatch() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().queueCapacity(2)
                .capacityRefreshTime(Duration.ofHours(1))
                .handler(stage)
                .build();
        append(tasks, 6);
        for (int done = 2; done <= 6; done += 2) {
            tasks.execute();
            database.await("select count(*) = ? from outcome", done);
            append(tasks, 1); // wakes the loop, which has no capacity
            tasks.stop();
        }

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 6L, EventStatus.PENDING, 3L));
    }

    @Test
    @DisplayName("R-060 paced, a batch meets a denied event once: three denials take three batches")
    void execute_pacedAndDenied_oneStrikeEachBatch() throws InterruptedException {
        Executor<Task> tasks = tasks().capacityRefreshTime(Duration.ofMillis(200))
                .denialBackOff(Duration.ZERO)
                .permission(event -> Permission.denied("never"))
                .handler(stage)
                .build();
        UUID id = append(tasks, 1).getFirst();
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.ABORTED);
        assertThat(database.text(
                        "select o.started_at - min(a.started_at) > interval '200 ms' from outcome o join attempt a"
                                + " on a.event = o.id group by o.started_at"))
                .as("a whole refresh time lies between the first and the third denial")
                .isEqualTo("true");
    }

    @Test
    @DisplayName("R-060 what a paced batch has denied goes back when the loop is stopped, or its batch is over")
    void stop_pacedAndDenied_goesBack() throws InterruptedException {
        Executor<Task> tasks = tasks().capacityRefreshTime(Duration.ofHours(1))
                .concurrencyLimit(1)
                .denialBackOff(Duration.ZERO)
                .permission(event -> Permission.of(!event.payload().name().equals("denied")))
                .handler(stage)
                .build();
        UUID denied = tasks.append(new Task("denied"), Append.priority(1));
        append(tasks, 2);
        tasks.execute();
        stage.awaitEntered(1); // the batch goes on, the only slot is taken

        tasks.stop();

        database.await("select count(*) = 1 from ready where id = ?", denied);
        stage.releaseAll();
        database.await("select count(*) = 1 from outcome");
    }

    @Test
    @DisplayName("R-066 a claim that fails does not end the loop (list I.13)")
    void execute_claimFails_goesOn() throws InterruptedException {
        stage.releaseAll();
        FaultyDataSource faulty = new FaultyDataSource(database.dataSource());
        Executor<Task> tasks =
                tasks(opened(Millrace.connect(faulty))).handler(stage).build();
        faulty.set("claim", Moment.BEFORE, 1, Fault.refuse("XX000"));
        append(tasks, 2);

        tasks.execute();

        stage.awaitEntered(2);
        assertThat(faulty.allStruck()).isTrue();
        assertThat(tasks.isExecuting()).isTrue();
        assertThat(tasks.join(LONG)).isTrue();
    }
}
