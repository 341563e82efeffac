package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pending event that gets another priority is claimed in the place that goes with it, and stays one event. */
class ReprioritizeTest extends WithMillrace {
    ReprioritizeTest(TestDatabase database) {
        super(database);
    }

    private static UUID append(Executor<Task> tasks, String name, double priority) {
        return tasks.append(new Task(name), Append.priority(priority));
    }

    @Test
    @DisplayName("It takes the place of its new priority, among equals the one of its append, and keeps its counters")
    void reprioritize_ofAPendingEvent_movesItToItsPlace() throws InterruptedException {
        Stage stage = new Stage();
        stage.releaseAll();
        Executor<Task> tasks = tasks().concurrencyLimit(1).handler(stage).build();
        UUID first = append(tasks, "first", 9);
        append(tasks, "second", 5);
        append(tasks, "third", 5);
        UUID last = append(tasks, "last", 1);
        database.execute("update ready set attempt = 3, failures = 2, denials = 1 where id = ?", first);

        tasks.reprioritize(first, 5);
        tasks.reprioritize(last, 7.5);

        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("first", "second", "third", "last");
        assertThat(database.query("select attempt, failures, denials from ready where id = ?", first))
                .isEqualTo(List.of(List.of(3, 2, 1)));
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(4);
        assertThat(event(tasks, first).priority()).isEqualTo(9);
        tasks.execute();
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(stage.names()).containsExactly("first", "second", "third", "last");
    }

    @Test
    @DisplayName("One that is not due keeps its time, and has its new priority when it is")
    void reprioritize_ofAScheduledEvent_keepsItsTime() {
        Executor<Task> tasks = tasks().handler(new Stage()).build();
        Instant time = Instant.now().plus(Duration.ofHours(1));
        UUID id = tasks.append(new Task("x"), Append.priority(5).withRunAt(time));
        Object before = database.query("select run_at, position from scheduled").getFirst();

        tasks.reprioritize(id, -2);

        assertThat(database.query("select run_at, position from scheduled").getFirst())
                .isEqualTo(before);
        assertThat(database.query("select priority from scheduled")).isEqualTo(List.of(List.of(-2.0)));
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
        database.execute("update scheduled set run_at = now()");
        tasks.start();
        database.await("select exists (select from ready where priority = -2)");
    }

    @Test
    @DisplayName("One that runs, has ended, is not there or in another flow is refused, saying which and why")
    void reprioritize_ofWhatIsNotPending_isRefused() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        stage.awaitEntered(1);

        assertThatThrownBy(() -> tasks.reprioritize(id, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("event " + id + " is processing: only a pending event can get another priority");
        stage.releaseAll();
        assertThat(tasks.join(LONG)).isTrue();
        assertThatThrownBy(() -> tasks.reprioritize(id, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is completed");
        UUID nobody = UUID.randomUUID();
        assertThatThrownBy(() -> tasks.reprioritize(nobody, 1))
                .isInstanceOf(NotFoundException.class)
                .hasMessageContaining(nobody.toString());
        Executor<Task> others = millrace().executor("others", Task.class).build();
        UUID there = others.append(new Task("y"), Append.priority(3));
        assertThatThrownBy(() -> tasks.reprioritize(there, 1)).isInstanceOf(NotFoundException.class);
        assertThat(database.query("select priority from ready")).isEqualTo(List.of(List.of(3.0)));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    @DisplayName("R-046: a priority is finite")
    void reprioritize_toWhatIsNoPriority_isRefused(double priority) {
        Executor<Task> tasks = tasks().build();
        UUID id = append(tasks, "x", 1);

        assertThatThrownBy(() -> tasks.reprioritize(id, priority))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Priority must be finite and not NaN, got " + priority);
    }

    @Test
    @DisplayName("While two workers claim, and events are promoted, each event still runs once, and counts stay exact")
    void reprioritize_racingWithClaimsAndPromotion_losesAndDoublesNothing() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("ReprioritizeTest seed " + seed);
        int number = 2_000;
        Map<String, AtomicInteger> runs = new ConcurrentHashMap<>();
        Executor<Task> tasks = tasks().build();
        List<UUID> ids = new ArrayList<>();
        Instant soon = Instant.now().plusSeconds(2);
        for (UUID id : tasks.appendAll(
                java.util.stream.IntStream.range(0, number)
                        .mapToObj(i -> new Task(Integer.toString(i)))
                        .toList(),
                task -> Integer.parseInt(task.name()) % 4 == 0
                        ? Append.priority(5).withRunAt(soon)
                        : Append.priority(5))) {
            ids.add(id);
        }
        for (int i = 0; i < 2; i++) {
            tasks(another())
                    .concurrencyLimit(4)
                    .prefetch(10)
                    .handler((task, run) -> {
                        runs.computeIfAbsent(task.name(), name -> new AtomicInteger())
                                .incrementAndGet();
                        LockSupport.parkNanos(1_000_000);
                        return null;
                    })
                    .build()
                    .execute();
        }
        int[] moved = new int[3];
        try (ExecutorService threads = Executors.newFixedThreadPool(moved.length)) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < moved.length; t++) {
                int me = t;
                all.add(threads.submit(() -> {
                    Random random = new Random(seed + me);
                    for (int i = 0; i < 600; i++) {
                        try {
                            tasks.reprioritize(ids.get(random.nextInt(number)), random.nextInt(10));
                            moved[me]++;
                        } catch (IllegalStateException e) {
                            assertThat(e).hasMessageContaining("only a pending event");
                        }
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }

        database.await("select count(*) >= " + number + " from outcome");
        assertThat(Arrays.stream(moved).sum()).as("some were in time").isPositive();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, (long) number));
        assertThat(runs).hasSize(number);
        assertThat(Set.copyOf(runs.values().stream().map(AtomicInteger::get).toList()))
                .isEqualTo(Set.of(1));
    }
}
