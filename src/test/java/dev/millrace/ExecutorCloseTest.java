package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Chunk;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.Event;
import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import dev.millrace.event.RetryFilter;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The end of one executor, and who may run a type of a flow. */
class ExecutorCloseTest extends WithMillrace {
    private final Stage stage = new Stage();

    ExecutorCloseTest(TestDatabase database) {
        super(database);
    }

    private Executor<Task> staged() {
        return tasks().concurrencyLimit(1).handler(stage).build();
    }

    @Test
    @DisplayName("12.17 close waits for what runs, gives back what has not started, and claims nothing more")
    void close_whileAnEventRuns_waitsForIt() throws Exception {
        Executor<Task> tasks = staged();
        List<UUID> ids = append(tasks, 3);
        tasks.execute();
        stage.awaitEntered(1);

        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            Future<?> closed = other.submit(() -> tasks.close(LONG));
            database.await("select count(*) = 1 from running"); // what was claimed ahead went back
            assertThat(closed).isNotDone();
            stage.release(1);
            closed.get(LONG.toSeconds(), TimeUnit.SECONDS);
        }

        Executor<Task> reader = tasks().build();
        assertThat(event(reader, ids.getFirst()).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(counts(reader)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L, EventStatus.PENDING, 2L));
        assertThat(stage.names()).hasSize(1);
        assertThat(tasks.isExecuting()).isFalse();
        assertThat(millrace().roster().loops()).isEmpty();
    }

    @Test
    @DisplayName("12.17 a caller that awaits an event is told of its end in the grace of close")
    void await_ofWhatEndsInTheGrace_hearsOfIt() throws Exception {
        FaultyDataSource statements = new FaultyDataSource(database.newPool(8));
        Millrace millrace = opened(Millrace.connect(statements));
        Executor<Task> tasks = tasks(millrace).handler(stage).build();
        UUID id = append(tasks, 1).getFirst();
        tasks.execute();
        stage.awaitEntered(1);

        try (ExecutorService others = Executors.newCachedThreadPool()) {
            Future<Optional<Event<Task>>> awaited = others.submit(() -> tasks.await(id, LONG.multipliedBy(2)));
            awaitUntil(() -> statements.executions("settled") > 0);
            Future<?> closed = others.submit(() -> millrace.close(LONG));
            awaitUntil(() -> !tasks.isExecuting());
            assertThat(awaited).isNotDone();
            stage.release(1);
            closed.get(LONG.toSeconds(), TimeUnit.SECONDS);

            assertThat(awaited.get(LONG.toSeconds(), TimeUnit.SECONDS)
                            .orElseThrow()
                            .status())
                    .isEqualTo(EventStatus.COMPLETED);
        }
    }

    @Test
    @DisplayName("12.17 close interrupts what still runs after the grace and gives it back without a death")
    void close_afterTheGrace_givesBack() throws InterruptedException {
        Executor<Task> tasks = staged();
        UUID id = append(tasks, 1).getFirst();
        tasks.execute();
        stage.awaitEntered(1);

        tasks.close(Duration.ofMillis(100));

        assertThat(database.query("select attempt, failures, deaths from ready"))
                .isEqualTo(List.of(List.of(1, 0, 0)));
        assertThat(attempts(id)).isEqualTo(List.of("shutdown"));
        assertThat(stage.running()).isZero();
    }

    @Test
    @DisplayName("12.17 a second close hurries the first, and both return")
    void close_twice_theShorterGraceCounts() throws Exception {
        Executor<Task> tasks = staged();
        append(tasks, 1);
        tasks.execute();
        stage.awaitEntered(1);
        try (ExecutorService others = Executors.newCachedThreadPool()) {
            List<Future<?>> closing = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                closing.add(others.submit(() -> tasks.close(Duration.ofHours(1))));
            }
            database.query("select pg_sleep(0.2)");
            assertThat(closing).noneMatch(Future::isDone);

            tasks.close(Duration.ZERO);

            for (Future<?> one : closing) {
                one.get(LONG.toSeconds(), TimeUnit.SECONDS);
            }
        }
        tasks.close();
        assertThat(database.query("select deaths from ready")).isEqualTo(List.of(List.of(0)));
    }

    @Test
    @DisplayName("12.17 an interrupt ends the grace of a close, and is kept")
    void close_byAnInterruptedThread_endsTheGrace() throws InterruptedException {
        Executor<Task> tasks = staged();
        append(tasks, 1);
        tasks.execute();
        stage.awaitEntered(1);
        boolean[] interrupted = new boolean[1];
        Thread close = Thread.ofPlatform().start(() -> {
            tasks.close(Duration.ofHours(1));
            interrupted[0] = Thread.currentThread().isInterrupted();
        });
        database.query("select pg_sleep(0.2)");

        close.interrupt();
        close.join();

        assertThat(interrupted[0]).isTrue();
        assertThat(database.longValue("select count(*) from running")).isZero();
    }

    @Test
    @DisplayName("12.17 a closed executor refuses everything that needs the database, and says so")
    void use_afterClose_isRefused() throws InterruptedException {
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID id = tasks.append(new Task("before"));
        tasks.close();
        tasks.close();
        Map<String, ThrowingCallable> uses = new LinkedHashMap<>();
        uses.put("append", () -> tasks.append(new Task("late")));
        uses.put("appendAll", () -> append(tasks, 2));
        uses.put("start", tasks::start);
        uses.put("execute", tasks::execute);
        uses.put("forward", tasks::forward);
        uses.put("join", () -> tasks.join(Duration.ZERO));
        uses.put("invoke", () -> tasks.invoke(id));
        uses.put("event", () -> tasks.event(id));
        uses.put("events", () -> tasks.events(EventStatus.PENDING));
        uses.put("statusCounts", tasks::statusCounts);
        uses.put("await", () -> tasks.await(id, Duration.ZERO));
        uses.put("result", () -> tasks.result(id));
        uses.put("retry", () -> tasks.retry(id));
        uses.put("cancel", () -> tasks.cancel(id, "late"));
        uses.put("skip", () -> tasks.skip(id, "late"));
        uses.put("reprioritize", () -> tasks.reprioritize(id, 1));
        uses.put("pause", tasks::pause);
        uses.put("resume", tasks::resume);
        uses.put("isPaused", tasks::isPaused);
        uses.put("cleanupEvents", tasks::cleanupEvents);
        uses.put("contains", () -> tasks.contains(id));
        uses.put("progressions", tasks::progressions);
        uses.put("snapshot", tasks::snapshot);
        uses.put("inspectState", tasks::inspectState);
        uses.put("attempts", () -> tasks.attempts(id));
        uses.put("follow", () -> tasks.follow(id).close());

        uses.forEach((name, use) -> assertThatThrownBy(use)
                .as(name)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the executor of flow 'tasks' is closed; build another one"));

        tasks.stop();
        assertThat(tasks.stop(LONG)).isTrue();
        assertThat(tasks.isExecuting()).isFalse();
        assertThat(tasks.name()).isEqualTo("tasks");
        assertThat(tasks).hasToString("Executor(tasks, closed)");
    }

    @Test
    @DisplayName("12.17 the other executors of the Millrace go on, and a new one of the flow may follow")
    void close_ofOne_leavesTheOthers() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> closed = tasks().handler(stage).build();
        Executor<Task> other =
                millrace().executor("others", Task.class).handler(stage).build();
        closed.execute();
        other.execute();
        closed.close();
        append(other, 2);
        stage.awaitEntered(2);

        try (Executor<Task> next = tasks().handler(stage).build()) {
            append(next, 3);
            next.execute();
            stage.awaitEntered(3);
            assertThat(next.join(LONG)).isTrue();
        }
        assertThat(other.isExecuting()).isTrue();
    }

    @Test
    @DisplayName("12.17 start, stop, close of executor and Millrace in any order are harmless")
    void endings_inAnyOrder_areHarmless() {
        Executor<Task> never = tasks().handler(stage).build();
        never.stop();
        never.close();
        Executor<Task> idle = tasks().handler(stage).build();
        idle.execute();
        idle.stop();
        idle.stop();
        idle.execute();
        idle.close();
        idle.stop();
        Executor<Task> last = tasks().handler(stage).build();
        last.execute();
        millrace().close();
        last.stop();
        last.close();
        last.close(Duration.ZERO);
        millrace().close();

        assertThatThrownBy(() -> millrace().closeOnShutdown())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("this Millrace is closed");
        assertThatThrownBy(last::execute).isInstanceOf(IllegalStateException.class);
    }

    @Test
    @DisplayName(
            "12.17 executors that are started, stopped and closed by many threads, while their Millrace closes, leave"
                    + " no thread and no claim")
    void startStopClose_byManyThreads_leavesNothing() throws InterruptedException {
        long seed = System.nanoTime();
        System.out.println("ExecutorCloseTest.startStopClose seed " + seed);
        stage.releaseAll();
        for (int round = 0; round < 5; round++) {
            Millrace shared = opened(Millrace.connect(database.newPool(6)));
            List<Executor<Task>> executors = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                executors.add(
                        shared.executor("flow-" + i, Task.class).handler(stage).build());
                append(executors.getLast(), 20);
            }
            CountDownLatch refused = new CountDownLatch(1);
            try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
                for (int thread = 0; thread < 4; thread++) {
                    Random random = new Random(seed + 10L * round + thread);
                    threads.execute(() -> {
                        for (int step = 0; step < 60; step++) {
                            Executor<Task> one = executors.get(random.nextInt(executors.size()));
                            try {
                                act(one, random.nextInt(40));
                            } catch (IllegalStateException e) {
                                refused.countDown(); // closed by another
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        }
                    });
                }
                database.query("select pg_sleep(0.05)");
                shared.close();
            }
            assertThat(shared.roster().loops()).noneMatch(loop -> loop.isRunning());
        }
        assertThat(database.longValue("select count(*) from running")).isZero();
    }

    private static void act(Executor<Task> executor, int choice) throws InterruptedException {
        switch (choice) {
            case 0 -> executor.close(Duration.ofMillis(20));
            case 1, 2 -> executor.stop(Duration.ofMillis(20));
            case 3, 4, 5 -> executor.start();
            default -> {
                if (choice % 2 == 0) {
                    executor.execute();
                } else {
                    executor.stop();
                }
            }
        }
    }

    @Test
    @DisplayName("12.18 while one executor executes, another with another handler for a type of its flow is refused,"
            + " naming flow, type and remedy")
    void start_ofAnotherHandlerForTheType_isRefused() {
        Executor<Task> first = tasks().handler((task, run) -> "first").build();
        Executor<Task> second = tasks().handler((task, run) -> "second").build();
        first.execute();

        for (ThrowingCallable start : List.<ThrowingCallable>of(second::start, second::execute)) {
            assertThatThrownBy(start)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("flow 'tasks'")
                    .hasMessageContaining("type 'task'")
                    .hasMessageContaining("stop or close that executor first");
        }

        assertThat(second.isExecuting()).isFalse();
        first.stop();
        assertThatCode(second::execute).doesNotThrowAnyException();
        assertThatThrownBy(first::execute).isInstanceOf(ConfigurationException.class);
        second.close();
        assertThatCode(first::execute).doesNotThrowAnyException();
    }

    @Test
    @DisplayName("12.18 executors of one flow may share a handler, have other types, or run nothing")
    void start_ofExecutorsThatDoNotConflict_isAllowed() throws InterruptedException {
        stage.releaseAll();
        Executor<Task> first = tasks().handler(stage).build();
        Executor<Task> same = tasks().handler(stage).build();
        Executor<Task> appender = tasks().build();
        Executor<Bill> otherType = millrace()
                .executor("tasks", Bill.class)
                .handler((bill, run) -> null)
                .build();
        Executor<Task> otherFlow = millrace()
                .executor("more", Task.class)
                .handler((task, run) -> null)
                .build();
        first.execute();
        same.execute();
        otherType.execute();
        otherFlow.execute();
        append(appender, 3);
        otherType.append(new Bill(1));

        assertThat(appender.join(LONG)).isTrue();
        assertThat(otherType.join(LONG)).isTrue();
        assertThat(counts(appender)).isEqualTo(Map.of(EventStatus.COMPLETED, 4L));
    }

    private record Bill(int amount) {}

    @Test
    @DisplayName("12.17 an append that a close meets either stores nothing and says so, or answers")
    void append_whileClosed_saysWhatWasStored() throws InterruptedException {
        long answered = 0;
        for (int round = 0; round < 30; round++) {
            Executor<Task> closing = tasks().build();
            AtomicLong appended = new AtomicLong();
            CountDownLatch begun = new CountDownLatch(1);
            Thread appender = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        UUID unused = closing.append(new Task("one"));
                        appended.incrementAndGet();
                        begun.countDown();
                    }
                } catch (IllegalStateException e) {
                    begun.countDown(); // closed: this one was not stored
                }
            });
            begun.await();
            closing.close();
            appender.join();
            answered += appended.get();
        }

        assertThat(database.longValue("select count(*) from event")).isEqualTo(answered);
    }

    @Test
    @DisplayName(
            "12.17 after its close a Millrace refuses every call that would use the database, and says so in one way, also"
                    + " with a pool that stays open")
    void use_afterTheMillraceIsClosed_isRefused() throws SQLException {
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID id = tasks.append(new Task("before"));
        EventReader<JsonNode> json = tasks.json();
        UserProgressions progressions = tasks.progressions();
        Iterable<Event<Task>> pending = tasks.pendingEvents();
        ExecutorBuilder<Task> builder = tasks();
        Stream<Chunk> follow = tasks.follow(id);
        millrace().close();
        Map<String, ThrowingCallable> uses = new LinkedHashMap<>();
        uses.put("append", () -> tasks.append(new Task("late")));
        uses.put("appendAll", () -> append(tasks, 2));
        uses.put("appendAll of a stream", () -> tasks.appendAll(Stream.of(new Task("late"))));
        uses.put("appendAbsent", () -> tasks.appendAbsent(List.of(tasks.newEvent(new Task("x"), Append.defaults()))));
        uses.put("appendAndAwait", () -> tasks.appendAndAwait(new Task("late"), LONG));
        uses.put("start", tasks::start);
        uses.put("execute", tasks::execute);
        uses.put("forward", tasks::forward);
        uses.put("join", () -> tasks.join(Duration.ZERO));
        uses.put("joinReport", () -> tasks.joinReport(Duration.ZERO));
        uses.put("unknownTypes", tasks::unknownTypes);
        uses.put("invoke", () -> tasks.invoke(id));
        uses.put("event", () -> tasks.event(id));
        uses.put("events", () -> tasks.events(EventStatus.PENDING));
        uses.put("iteration", () -> pending.iterator().hasNext());
        uses.put("statusCounts", tasks::statusCounts);
        uses.put("pendingCounts", tasks::pendingCounts);
        uses.put("countFailures", () -> tasks.countFailures(RetryFilter.failed()));
        uses.put("await", () -> tasks.await(id, Duration.ZERO));
        uses.put("result", () -> tasks.result(id));
        uses.put("retry", () -> tasks.retry(id));
        uses.put("retryAll", () -> tasks.retryAll(RetryFilter.failed()));
        uses.put("cancel", () -> tasks.cancel(id, "late"));
        uses.put("cancelAll", () -> tasks.cancelAll(EventFilter.all(), "late"));
        uses.put("skip", () -> tasks.skip(id, "late"));
        uses.put("reprioritize", () -> tasks.reprioritize(id, 1));
        uses.put("pause", tasks::pause);
        uses.put("resume", tasks::resume);
        uses.put("isPaused", tasks::isPaused);
        uses.put("cleanupEvents", tasks::cleanupEvents);
        uses.put("contains", () -> tasks.contains(id));
        uses.put("progressions", tasks::progressions);
        uses.put("counts of progressions", progressions::counts);
        uses.put("snapshot", tasks::snapshot);
        uses.put("inspectState", tasks::inspectState);
        uses.put("summary", tasks::summary);
        uses.put("attempts", () -> tasks.attempts(id));
        uses.put("chunks", () -> tasks.chunks(id, 0, 1));
        uses.put("progress", () -> tasks.progress(id));
        uses.put("follow", () -> tasks.follow(id).close());
        uses.put("follow that was begun", follow::count);
        uses.put("json", tasks::json);
        uses.put("a reader", () -> json.find(id));
        uses.put("build", builder::build);
        uses.put("takeBackAll", millrace()::takeBackAll);
        uses.put("closeOnShutdown", millrace()::closeOnShutdown);
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            uses.put("append in a transaction", () -> tasks.append(connection, new Task("late")));

            uses.forEach((name, use) -> assertThatThrownBy(use)
                    .as(name)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("this Millrace is closed"));
            connection.rollback();
        }

        assertThat(database.longValue("select count(*) from event")).isOne();
        tasks.close();
        tasks.stop();
        millrace().close();
        assertThat(tasks.isExecuting()).isFalse();
        assertThat(tasks.name()).isEqualTo("tasks");
        assertThat(millrace().fatalError()).isEmpty();
    }

    @Test
    @DisplayName("12.17 what runs in the grace of a close may append and query")
    void close_whileAHandlerRuns_lendsItTheDatabase() throws Exception {
        AtomicReference<Executor<Task>> self = new AtomicReference<>();
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    entered.countDown();
                    go.await();
                    UUID next = self.get().append(new Task("next"));
                    return self.get().event(next).isPresent();
                })
                .build();
        self.set(tasks);
        tasks.append(new Task("first"));
        tasks.execute();
        entered.await();
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            Future<?> closed = other.submit(() -> millrace().close(LONG));
            while (!millrace().isClosing()) {
                Thread.onSpinWait();
            }
            go.countDown();
            closed.get(2 * LONG.toSeconds(), TimeUnit.SECONDS);
        }

        assertThat(database.text("select response::text from outcome")).isEqualTo("true");
        assertThat(database.longValue("select count(*) from event")).isEqualTo(2);
    }

    @Test
    @DisplayName("12.17 an append that the close of its Millrace meets either stores nothing and says so, or answers")
    void append_whileTheMillraceCloses_saysWhatWasStored() throws InterruptedException {
        AtomicLong answered = new AtomicLong();
        for (int round = 0; round < 10; round++) {
            Millrace closing = opened(Millrace.connect(database.newPool(6)));
            Executor<Task> tasks = tasks(closing).build();
            CountDownLatch begun = new CountDownLatch(1);
            Thread appender = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        UUID unused = tasks.append(new Task("one"));
                        answered.incrementAndGet();
                        begun.countDown();
                    }
                } catch (IllegalStateException e) {
                    begun.countDown(); // closed: this one was not stored
                }
            });
            begun.await();
            closing.close();
            appender.join();
        }

        assertThat(database.longValue("select count(*) from event")).isEqualTo(answered.get());
    }
}
