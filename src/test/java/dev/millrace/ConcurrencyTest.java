package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several who process one flow: threads of one executor, executors of one Millrace, Millraces. */
class ConcurrencyTest extends WithMillrace {
    ConcurrencyTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("R-058 many forwards over one event neither hang nor run it twice (list I.11)")
    void forward_threeForOneEvent_noneHangs() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        Executor<Task> tasks =
                tasks().handler((task, run) -> runs.incrementAndGet()).build();
        append(tasks, 1);
        tasks.start();

        assertThat(together(List.of(tasks::forward, tasks::forward, tasks::forward)))
                .isEqualTo(1);

        assertThat(runs).hasValue(1);
    }

    @Test
    @DisplayName("R-058 concurrent forwards each take their own capacity at most, and all of them the limit together")
    void forward_concurrent_capacityAndLimitHold() throws Exception {
        Stage stage = new Stage();
        Executor<Task> tasks =
                tasks().queueCapacity(4).concurrencyLimit(3).handler(stage).build();
        append(tasks, 20);
        tasks.start();
        stage.releaseAll();

        int started = together(List.of(tasks::forward, tasks::forward, tasks::forward));

        assertThat(started).isEqualTo(12);
        assertThat(stage.most()).isLessThanOrEqualTo(3);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 12L, EventStatus.PENDING, 8L));
    }

    @Test
    @DisplayName("R-058 forward while the loop runs: both share the limit, neither hangs, each event runs once")
    void forward_whileExecuting_isSafe() throws Exception {
        Set<String> ran = ConcurrentHashMap.newKeySet();
        AtomicInteger runs = new AtomicInteger();
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Executor<Task> tasks = tasks().queueCapacity(7)
                .concurrencyLimit(4)
                .handler((task, run) -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    ran.add(task.name());
                    runs.incrementAndGet();
                    return running.decrementAndGet();
                })
                .build();
        append(tasks, 500);
        tasks.execute();

        for (int round = 0; round < 10; round++) {
            together(List.of(tasks::forward, tasks::forward));
        }

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(runs).hasValue(500);
        assertThat(ran).hasSize(500);
        assertThat(most).hasValueLessThanOrEqualTo(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 100})
    @DisplayName("R-058 two Millraces drain one flow: no event is handed to two, each runs once")
    void execute_twoMillraces_eachEventOnce(int limit) throws InterruptedException {
        Map<UUID, AtomicInteger> runs = new ConcurrentHashMap<>();
        List<Executor<Task>> executors = new ArrayList<>();
        for (Millrace millrace : List.of(millrace(), another())) {
            executors.add(tasks(millrace)
                    .concurrencyLimit(limit)
                    .handler((task, run) -> runs.computeIfAbsent(run.id(), id -> new AtomicInteger())
                            .incrementAndGet())
                    .build());
        }
        int number = limit == 1 ? 200 : 2_000;
        append(executors.getFirst(), number);

        executors.forEach(Executor::execute);
        for (Executor<Task> executor : executors) {
            assertThat(executor.join(LONG)).isTrue();
        }
        database.await("select count(*) = ? from outcome", number);

        assertThat(runs).hasSize(number);
        assertThat(runs.values()).allSatisfy(times -> assertThat(times).hasValue(1));
        assertThat(database.longValue("select max(attempt) from outcome")).isEqualTo(1);
    }

    @Test
    @DisplayName("R-058 two Millraces forward at once: together they take two capacities of different events")
    void forward_twoMillraces_shareNothing() throws Exception {
        Stage stage = new Stage();
        Executor<Task> here = tasks().queueCapacity(10).handler(stage).build();
        Executor<Task> there = tasks(another()).queueCapacity(10).handler(stage).build();
        append(here, 30);
        here.start();
        there.start();
        try (ExecutorService callers = Executors.newFixedThreadPool(2)) {
            List<Future<Integer>> batches = List.of(callers.submit(here::forward), callers.submit(there::forward));
            stage.awaitEntered(20); // all at once, so none was waited for behind the other's locks
            assertThat(counts(here)).isEqualTo(Map.of(EventStatus.PROCESSING, 20L, EventStatus.PENDING, 10L));
            stage.releaseAll();
            for (Future<Integer> batch : batches) {
                assertThat(batch.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(10);
            }
        }

        assertThat(stage.names()).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName("R-053 a slow event does not hold the others up: free slots are refilled while it runs (list I.22)")
    void execute_slowEvent_othersGoOn() throws InterruptedException {
        Stage slow = new Stage();
        Executor<Task> tasks = tasks().concurrencyLimit(2)
                .queueCapacity(2)
                .handler((task, run) -> task.name().equals("slow") ? slow.handle(task, run) : null)
                .build();
        tasks.append(new Task("slow"), Append.priority(1));
        append(tasks, 50);
        tasks.execute();

        slow.awaitEntered(1);
        database.await("select count(*) = 50 from outcome");
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PROCESSING, 1L, EventStatus.COMPLETED, 50L));
        slow.release(1);
        assertThat(tasks.join(LONG)).isTrue();
    }

    @Test
    @DisplayName("R-053 with pacing as well: a slow event does not hold up the next batches")
    void execute_pacedSlowEvent_othersGoOn() throws InterruptedException {
        Stage slow = new Stage();
        Executor<Task> tasks = tasks().concurrencyLimit(3)
                .queueCapacity(2)
                .capacityRefreshTime(Duration.ofMillis(20))
                .handler((task, run) -> task.name().equals("slow") ? slow.handle(task, run) : null)
                .build();
        tasks.append(new Task("slow"), Append.priority(1));
        append(tasks, 9);
        tasks.execute();

        slow.awaitEntered(1);
        database.await("select count(*) = 9 from outcome");
        slow.release(1);
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(count(tasks, EventStatus.COMPLETED)).isEqualTo(10);
    }

    @Test
    @DisplayName("R-056 two executors of one flow in one Millrace have each its own limit")
    void execute_twoExecutorsOneMillrace_ownLimits() throws InterruptedException {
        Stage both = new Stage(); // one handler: two would be refused
        Executor<Task> one = tasks().concurrencyLimit(1).handler(both).build();
        Executor<Task> two = tasks().concurrencyLimit(2).handler(both).build();
        append(one, 6);
        one.execute();
        two.execute();

        both.awaitEntered(3);
        assertThat(counts(one)).isEqualTo(Map.of(EventStatus.PROCESSING, 3L, EventStatus.PENDING, 3L));
        both.releaseAll();
        assertThat(one.join(LONG)).isTrue();
        assertThat(two.join(LONG)).isTrue();

        assertThat(both.most()).isEqualTo(3);
        assertThat(both.names()).hasSize(6);
    }

    /** Calls all at once and adds up what they return. */
    private static int together(List<Callable<Integer>> calls) throws Exception {
        try (ExecutorService callers = Executors.newFixedThreadPool(calls.size())) {
            int sum = 0;
            for (Future<Integer> call : calls.stream().map(callers::submit).toList()) {
                sum += call.get(LONG.toSeconds(), TimeUnit.SECONDS);
            }
            return sum;
        }
    }
}
