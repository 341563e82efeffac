package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Run;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Events that were with a worker when it died run one at a time, so that its next death points at one of them. */
@PostgresTest
class SuspectsTest {
    private final TestDatabase database;
    private final CountDownLatch started = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private Thread newest;
    private Millrace millrace;
    private Executor<Task> tasks;

    SuspectsTest(TestDatabase database) {
        this.database = database;
    }

    record Task(int number) {}

    @BeforeEach
    void connect() {
        database.truncateAll();
        millrace = Millrace.connect(database.newPool(8));
        tasks = millrace.executor("tasks", Task.class)
                .concurrencyLimit(10)
                .handler(this::handle)
                .build();
    }

    @AfterEach
    void close() {
        release.countDown();
        millrace.close();
    }

    @Test
    void forward_whileASuspectRuns_startsNoOtherSuspect() throws Exception {
        tasks.appendAll(List.of(new Task(0), new Task(1), new Task(2)));
        database.execute("update ready set deaths = 1, lane = -lane");
        tasks.start();
        CompletableFuture<Integer> first = forward(tasks);
        assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
        awaitParked(); // it takes in no more

        assertThat(tasks.forward()).as("suspects beside a suspect").isZero();
        UUID innocent = tasks.append(new Task(3));
        assertThat(tasks.forward()).isOne();

        assertThat(tasks.event(innocent).orElseThrow().status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(database.longValue("select count(*) from ready where lane < 0"))
                .isEqualTo(2);
        release.countDown();
        assertThat(first.get(60, TimeUnit.SECONDS)).isOne();
        assertThat(tasks.forward()).isOne();
        assertThat(tasks.forward()).isOne();
        assertThat(tasks.statusCounts()).containsEntry(EventStatus.COMPLETED, 4L);
    }

    @Test
    @DisplayName("R-056 a suspect takes one of the slots, as every event does")
    void forward_whileAllSlotsAreTaken_startsNoSuspectBesideThem() throws Exception {
        Executor<Task> narrow = millrace.executor("tasks", Task.class)
                .concurrencyLimit(1)
                .handler(this::handle)
                .build();
        narrow.append(new Task(0));
        narrow.start();
        CompletableFuture<Integer> first = forward(narrow);
        assertThat(started.await(60, TimeUnit.SECONDS)).isTrue();
        narrow.append(new Task(1));
        database.execute("update ready set deaths = 1, lane = -lane");

        CompletableFuture<Integer> second = forward(narrow);
        awaitParked();
        release.countDown();

        assertThat(first.get(60, TimeUnit.SECONDS) + second.get(60, TimeUnit.SECONDS))
                .isEqualTo(2);
        assertThat(most).as("handlers at a time").hasValue(1);
        assertThat(narrow.statusCounts()).containsEntry(EventStatus.COMPLETED, 2L);
    }

    private Object handle(Task task, Run<Task> run) throws InterruptedException {
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        if (task.number() == 0) {
            started.countDown();
            release.await();
        }
        return running.decrementAndGet();
    }

    private CompletableFuture<Integer> forward(Executor<Task> executor) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return executor.forward();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                task -> newest = Thread.ofPlatform().start(task));
    }

    /** Until the newest forward waits for something. */
    private void awaitParked() {
        while (newest.getState() != Thread.State.TIMED_WAITING && newest.getState() != Thread.State.TERMINATED) {
            Thread.onSpinWait();
        }
    }
}
