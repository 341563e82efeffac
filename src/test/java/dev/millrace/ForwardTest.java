package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** forward(): one batch, now. */
class ForwardTest extends WithMillrace {
    private final Stage stage = new Stage();

    ForwardTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("R-079 before start it does nothing; start itself runs nothing (R-078)")
    void forward_beforeStart_doesNothing() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().handler(stage).build();
        append(tasks, 3);

        assertThat(tasks.forward()).isZero();
        tasks.start();
        tasks.start();

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 3L));
        assertThat(tasks.isExecuting()).isFalse();
        assertThat(tasks.forward()).isEqualTo(3);
    }

    @Test
    @DisplayName("R-057 one batch is the queue capacity; nothing to do is zero")
    void forward_moreThanCapacity_takesCapacity() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().queueCapacity(3).handler(stage).build();
        append(tasks, 7);
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(3);
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("3", "4", "5", "6");
        assertThat(tasks.forward()).isEqualTo(3);
        assertThat(tasks.forward()).isEqualTo(1);
        assertThat(tasks.forward()).isZero();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 7L));
    }

    @Test
    @DisplayName("R-079 it ignores the refresh time: two batches follow each other at once")
    void forward_twice_ignoresRefreshTime() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().queueCapacity(2)
                .capacityRefreshTime(Duration.ofHours(1))
                .handler(stage)
                .build();
        append(tasks, 4);
        tasks.start();

        assertThat(tasks.forward() + tasks.forward()).isEqualTo(4);
    }

    @Test
    @DisplayName("R-053 it returns when the last event of its batch has settled, and not before")
    void forward_slowEvent_waitsForIt() throws Exception {
        Executor<Task> tasks = tasks().handler(stage).build();
        append(tasks, 3);
        tasks.start();
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            Future<Integer> batch = caller.submit(tasks::forward);
            stage.awaitEntered(3);
            stage.release(2);
            database.await("select count(*) = 2 from outcome");
            assertThat(batch).isNotDone();
            stage.release(1);

            assertThat(batch.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(3);
        }
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 3L));
    }

    @Test
    @DisplayName("R-053 what a running event appends waits for the next batch")
    void forward_handlerAppends_nextBatchRunsIt() throws InterruptedException {
        List<Executor<Task>> self = new ArrayList<>();
        Executor<Task> tasks = tasks().concurrencyLimit(1)
                .queueCapacity(1)
                .handler((task, run) -> {
                    if (task.name().equals("parent")) {
                        self.getFirst().append(new Task("child"));
                    }
                    return null;
                })
                .build();
        self.add(tasks);
        tasks.append(new Task("parent"));
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(1);
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("child");
        assertThat(tasks.forward()).isEqualTo(1);
    }

    @Test
    @DisplayName("R-054 a failing event does not affect its siblings; completed order is finish order")
    void forward_finishOrder_isProgressionOrder() throws InterruptedException {
        AtomicInteger turn = new AtomicInteger(4);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    int mine = Integer.parseInt(task.name());
                    if (mine == 2) {
                        throw new IllegalStateException("odd one out");
                    }
                    database.await("select count(*) = ? from outcome where status = 2", turnOf(mine));
                    turn.decrementAndGet();
                    return null;
                })
                .build();
        append(tasks, 5);
        tasks.start();

        tasks.forward();

        assertThat(names(tasks, EventStatus.COMPLETED)).containsExactly("4", "3", "1", "0");
        assertThat(names(tasks, EventStatus.FAILED)).containsExactly("2");
    }

    /** How many complete before that one: the last first, without number 2. */
    private static int turnOf(int number) {
        return List.of(3, 2, 99, 1, 0).get(number);
    }

    @Test
    @DisplayName("R-056 five events, limit two: two run at once at most, all complete in one forward")
    void forward_concurrencyLimit_holds() throws InterruptedException {
        Executor<Task> tasks = tasks().concurrencyLimit(2)
                .handler((task, run) -> {
                    stage.release(1);
                    return stage.handle(task, run);
                })
                .build();
        append(tasks, 5);
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(5);

        assertThat(stage.most()).isLessThanOrEqualTo(2);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 5L));
    }

    @Test
    @DisplayName("R-055 processing counts no more than the limit: the rest of the batch is still pending (list I.21)")
    void forward_midBatch_processingIsWithinLimit() throws Exception {
        Executor<Task> tasks = tasks().concurrencyLimit(2).handler(stage).build();
        append(tasks, 5);
        tasks.start();
        try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
            Future<Integer> batch = caller.submit(tasks::forward);
            stage.awaitEntered(2);

            assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PROCESSING, 2L, EventStatus.PENDING, 3L));
            assertThat(tasks.processingEvents()).hasSize(2);
            stage.releaseAll();
            assertThat(batch.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(5);
        }
    }

    @Test
    @DisplayName("R-052 what is not due is not taken, and comes in its time")
    void forward_notDue_isLeft() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID later = tasks.append(
                new Task("later"), Append.priority(1).withRunAt(Instant.now().plus(Duration.ofHours(1))));
        tasks.append(new Task("past"), Append.defaults().withRunAt(Instant.EPOCH));
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(1);
        assertThat(tasks.pendingEvents()).extracting(Event::id).containsExactly(later);
    }

    @Test
    @DisplayName("R-034 an event whose deadline has passed is skipped, without permission or capacity, and says why")
    void forward_deadlinePassed_isSkipped() throws InterruptedException {
        stage.releaseAll();
        Instant passed = Instant.parse("2020-02-02T00:00:00Z");
        AtomicInteger asked = new AtomicInteger();
        Executor<Task> tasks = tasks().queueCapacity(1)
                .permission(event -> Permission.of(asked.incrementAndGet() > 0))
                .handler(stage)
                .build();
        UUID late = tasks.append(new Task("late"), Append.priority(1).withDeadline(passed));
        UUID inTime = tasks.append(
                new Task("in time"),
                Append.defaults().withDeadline(Instant.now().plus(Duration.ofHours(1))));
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(1);

        assertThat(event(tasks, late).status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(errorMessage(event(tasks, late)))
                .isEqualTo("deadline 2020-02-02T00:00:00Z passed before it started");
        assertThat(event(tasks, late).execution().duration()).isNull();
        assertThat(event(tasks, inTime).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(asked).hasValue(1);
    }

    @Test
    @DisplayName("R-034 a skipped or cancelled event is not met: no permission, no capacity")
    void forward_skipped_isNotMet() throws InterruptedException {
        stage.releaseAll();
        AtomicInteger asked = new AtomicInteger();
        Executor<Task> tasks = tasks().queueCapacity(1)
                .permission(event -> Permission.of(asked.incrementAndGet() > 0))
                .handler(stage)
                .build();
        List<UUID> ids = append(tasks, 3);
        assertThat(tasks.skip(ids.get(0), "not needed")).isTrue();
        assertThat(tasks.cancel(ids.get(1), "changed my mind")).isTrue();
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(1);

        assertThat(stage.names()).containsExactly("2");
        assertThat(asked).hasValue(1);
    }

    @Test
    @DisplayName("R-052 a batch larger than the concurrency limit and than one statement runs whole")
    void forward_largeBatch_runsWhole() throws InterruptedException {
        Executor<Task> tasks = tasks().queueCapacity(1_500)
                .concurrencyLimit(700)
                .handler((task, run) -> null)
                .build();
        append(tasks, 2_000);
        tasks.start();

        assertThat(tasks.forward()).isEqualTo(1_500);

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 1_500L, EventStatus.PENDING, 500L));
        assertThat(names(tasks, EventStatus.PENDING))
                .containsExactlyElementsOf(IntStream.range(1_500, 2_000)
                        .mapToObj(Integer::toString)
                        .toList());
    }
}
