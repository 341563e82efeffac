package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Reference 002, the page on Executor: its usage patterns, pitfalls and examples, as Millrace keeps them. */
class ExecutorPageTest extends WithMillrace {
    ExecutorPageTest(TestDatabase database) {
        super(database);
    }

    record Job(int taskId, String data) {}

    private ExecutorBuilder<Job> jobs() {
        return millrace()
                .executor("jobs", Job.class)
                .queueCapacity(50)
                .handler((job, run) -> Map.of("task_id", job.taskId(), "result", "Processed: " + job.data()));
    }

    private static List<Job> numbered(int number) {
        return IntStream.range(0, number).mapToObj(i -> new Job(i, "Task " + i)).toList();
    }

    @Test
    @DisplayName("002 basic usage: start, append ten, join, and all ten are completed (R-070: no loop was needed)")
    void basicUsage() throws InterruptedException {
        Executor<Job> executor = jobs().build();
        executor.start();
        executor.appendAll(numbered(10));

        executor.join();

        assertThat(executor.completedEvents()).hasSize(10);
    }

    @Test
    @DisplayName("002 status queries: shortcuts, by enum, by name, counts; an unknown name fails (R-082)")
    void statusQueries() throws InterruptedException {
        Executor<Job> executor = jobs().build();
        executor.appendAll(numbered(3));
        executor.start();
        executor.forward();
        executor.append(new Job(9, "late"));

        assertThat(executor.completedEvents()).hasSize(3);
        assertThat(executor.failedEvents()).isEmpty();
        assertThat(executor.processingEvents()).isEmpty();
        assertThat(executor.events(EventStatus.PENDING)).hasSize(1);
        assertThat(executor.events("completed")).hasSize(3);
        assertThat(executor.statusCounts().get(EventStatus.COMPLETED)).isEqualTo(3);
        assertThatThrownBy(() -> executor.events("invalid_status"))
                .isInstanceOf(NotFoundException.class)
                .hasMessageStartingWith("Progression 'invalid_status' not found in flow");
    }

    @Test
    @DisplayName("002 membership: an event and its id are in, another event is not (R-087)")
    void membership() {
        Executor<Job> executor = jobs().build();
        Event<Job> event = executor.newEvent(new Job(1, "x"), Append.defaults());
        assertThat(executor.contains(event)).isFalse();
        executor.append(event);

        assertThat(executor.contains(event)).isTrue();
        assertThat(executor.contains(event.id())).isTrue();
        assertThat(executor.contains(executor.newEvent(new Job(1, "x"), Append.defaults())))
                .isFalse();
    }

    @Test
    @DisplayName("002 memory management: periodic clean-up while appending keeps the tables small (R-088)")
    void memoryManagement() throws InterruptedException {
        Executor<Job> executor = jobs().build();
        executor.start();
        long removed = 0;
        for (int round = 0; round < 5; round++) {
            executor.appendAll(numbered(40));
            executor.forward();
            removed += executor.cleanupEvents();
        }

        assertThat(removed).isEqualTo(200);
        assertThat(counts(executor)).isEmpty();
        assertThat(database.longValue("select count(*) from event")).isZero();
    }

    @Test
    @DisplayName("002 pitfall 1: what was appended before start is not lost, and runs once there is a loop")
    void appendBeforeStart() throws InterruptedException {
        Executor<Job> executor = jobs().build();
        UUID id = executor.append(new Job(1, "early"));
        assertThat(event(executor, id).status()).isEqualTo(EventStatus.PENDING);

        executor.execute();

        assertThat(ended(executor, id).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("002 pitfall 4: priority 1 runs first, 100 next, 1000 last (R-047)")
    void priorityValues() throws InterruptedException {
        List<String> ran = new CopyOnWriteArrayList<>();
        Executor<Job> executor = jobs().concurrencyLimit(1)
                .handler((job, run) -> ran.add(job.data()))
                .build();
        executor.append(new Job(1, "last"), Append.priority(1000));
        executor.append(new Job(2, "first"), Append.priority(1));
        executor.append(new Job(3, "next"), Append.priority(100));
        executor.start();

        executor.forward();

        assertThat(ran).containsExactly("first", "next", "last");
    }

    @Test
    @DisplayName(
            "002 complete example: a hundred tasks, the urgent ones first, watched by their counts until all are done")
    void completeExample() throws InterruptedException {
        List<Integer> ran = new CopyOnWriteArrayList<>();
        Executor<Job> executor = jobs().concurrencyLimit(1)
                .capacityRefreshTime(Duration.ofMillis(20))
                .handler((job, run) -> ran.add(job.taskId()))
                .build();
        for (Job job : numbered(100)) {
            executor.append(job, Append.priority(job.taskId() % 10 == 0 ? 1.0 : 100.0));
        }
        executor.execute();

        long completed = 0;
        long end = System.nanoTime() + LONG.toNanos();
        while (completed < 100 && System.nanoTime() < end) {
            long now = count(executor, EventStatus.COMPLETED);
            assertThat(now).isGreaterThanOrEqualTo(completed);
            completed = now;
        }

        assertThat(executor.completedEvents()).hasSize(100);
        assertThat(ran.subList(0, 10))
                .containsExactlyElementsOf(
                        IntStream.range(0, 10).mapToObj(i -> i * 10).toList());
        assertThat(executor.cleanupEvents()).isEqualTo(100);
        executor.stop();
    }

    @Test
    @DisplayName("002 rate-limited example: fifty events, one an interval: all fifty complete, none is aborted (R-061)")
    void rateLimitedExample() throws InterruptedException {
        Duration interval = Duration.ofMillis(10);
        Executor<Job> executor = jobs().queueCapacity(10)
                .capacityRefreshTime(interval)
                .permission(RateLimit.of(1, interval))
                .build();
        executor.appendAll(numbered(50));
        executor.execute();

        assertThat(executor.join(LONG)).isTrue();

        assertThat(counts(executor)).isEqualTo(Map.of(EventStatus.COMPLETED, 50L));
        assertThat(database.longValue("select count(*) from attempt where reason = 'denied'"))
                .isZero();
    }
}
