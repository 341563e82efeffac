package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Run;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An event that is cancelled ends at once, wherever it is, and never otherwise afterwards. */
class CancelTest extends WithMillrace {
    CancelTest(TestDatabase database) {
        super(database);
    }

    private static Object hang(BlockingQueue<Long> interrupted) {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            interrupted.add(System.nanoTime());
        }
        return "ended all the same";
    }

    private static long take(BlockingQueue<Long> times) throws InterruptedException {
        Long time = times.poll(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(time).as("the handler was interrupted").isNotNull();
        return time;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName(
            "A running event is ended at once, and its handler in another process is interrupted, listening or not")
    void cancel_runningElsewhere_endsIt(boolean listens) throws InterruptedException {
        BlockingQueue<Long> interrupted = new LinkedBlockingQueue<>();
        CompletableFuture<Run<Task>> run = new CompletableFuture<>();
        Executor<Task> there = tasks(worker(listens))
                .handler((task, its) -> {
                    run.complete(its);
                    return hang(interrupted);
                })
                .build();
        Executor<Task> client = tasks().build();
        UUID id = client.append(new Task("x"));
        there.execute();
        run.join();

        assertThat(client.cancel(id, "not wanted any more")).isTrue();

        Event<Task> event = event(client, id);
        assertThat(event.status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(errorName(event)).isEqualTo("CancelledError");
        assertThat(errorMessage(event)).isEqualTo("not wanted any more");
        assertThat(event.execution().retryable()).isTrue();
        assertThat(event.execution().duration()).isPositive();
        assertThat(client.attempts(id)).extracting(EventAttempt::result).containsExactly(EventAttempt.Result.CANCELLED);
        long unused = take(interrupted);
        assertThat(run.join().isCancelled()).isTrue();
        assertThat(there.join(LONG)).isTrue();
        assertThat(event(client, id).status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(client.cancel(id, "again")).isFalse();
        assertThat(count(client, EventStatus.CANCELLED)).isOne();
    }

    @Test
    @DisplayName(
            "12.33 one moment a statement: what was cancelled while it ran lasted exactly from its start to its end")
    void cancel_running_lastsFromItsStartToItsEnd() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        stage.awaitEntered(1);

        assertThat(tasks.cancel(id, "not needed")).isTrue();

        assertThat(database.text("select duration = extract(epoch from finished_at - started_at)::float8 from outcome"))
                .isEqualTo("true");
    }

    @Test
    @DisplayName("An event that was claimed ahead, or waits for its retry, never runs once it is cancelled")
    void cancel_notStarted_neverRuns() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().concurrencyLimit(1).handler(stage).build();
        List<UUID> ids = append(tasks, 5);
        tasks.execute();
        stage.awaitEntered(1);
        for (UUID id : ids.subList(1, 5)) {
            assertThat(tasks.cancel(id, "no")).isTrue();
        }
        stage.release(1);

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(names(tasks, EventStatus.COMPLETED)).containsExactly("0");
        assertThat(count(tasks, EventStatus.CANCELLED)).isEqualTo(4);
    }

    @Test
    @DisplayName("The handler's own transaction is rolled back when its event was cancelled meanwhile")
    void cancel_duringTheTransaction_rollsItBack() throws Exception {
        database.execute("create table orders (id int)");
        try {
            CompletableFuture<Boolean> written = new CompletableFuture<>();
            CountDownLatch cancelled = new CountDownLatch(1);
            Executor<Task> tasks = tasks(worker(false))
                    .handler((task, run) -> run.transaction(connection -> {
                        connection.createStatement().execute("insert into millrace.orders values (1)");
                        written.complete(true);
                        boolean unused = cancelled.await(LONG.toSeconds(), TimeUnit.SECONDS);
                        return "done";
                    }))
                    .build();
            UUID id = tasks.append(new Task("x"));
            tasks.execute();
            assertThat(written.get(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(tasks.cancel(id, "no")).isTrue();
            cancelled.countDown();

            assertThat(tasks.join(LONG)).isTrue();
            assertThat(event(tasks, id).status()).isEqualTo(EventStatus.CANCELLED);
            assertThat(database.longValue("select count(*) from orders")).isZero();
        } finally {
            database.execute("drop table orders");
        }
    }

    @Test
    @DisplayName(
            "Of a cancel and a completion at the same moment one counts, for everybody, in the database as in the answer")
    void cancel_racingWithTheEnd_oneCounts() throws Exception {
        Semaphore entered = new Semaphore(0);
        Semaphore free = new Semaphore(0);
        Executor<Task> tasks = tasks(worker(true))
                .handler((task, run) -> {
                    entered.release();
                    free.acquire();
                    return task.name().equals("1") ? run.transaction(connection -> "in a transaction") : "done";
                })
                .build();
        Executor<Task> client = tasks().build();
        tasks.execute();
        int cancels = 0;
        int rounds = 60;
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (int round = 0; round < rounds; round++) {
                UUID id = client.append(new Task(Integer.toString(round % 2)));
                entered.acquire();
                CyclicBarrier together = new CyclicBarrier(2);
                Future<Boolean> cancel = threads.submit(() -> {
                    together.await();
                    return client.cancel(id, "race");
                });
                Future<?> end = threads.submit(() -> {
                    together.await();
                    free.release();
                    return null;
                });
                end.get();
                boolean won = cancel.get();
                Event<Task> event = ended(client, id);
                assertThat(event.status()).isEqualTo(won ? EventStatus.CANCELLED : EventStatus.COMPLETED);
                cancels += won ? 1 : 0;
                assertThat(tasks.join(LONG)).isTrue();
                free.drainPermits(); // of one that was interrupted instead
            }
        }
        System.out.printf("cancel won %d of %d races%n", cancels, rounds);
        assertThat(database.longValue("select count(*) from outcome")).isEqualTo(rounds);
        assertThat(count(client, EventStatus.CANCELLED)).isEqualTo(cancels);
        assertThat(count(client, EventStatus.COMPLETED)).isEqualTo(rounds - cancels);
    }

    @Test
    @DisplayName("An event that moves from table to table all the time is cancelled by the first call")
    void cancel_onTheMove_findsIt() throws InterruptedException {
        Executor<Task> tasks = tasks(worker(true))
                .handler((task, run) -> {
                    throw run.snooze(Duration.ofNanos(1_000));
                })
                .build();
        Executor<Task> client = tasks().build();
        tasks.execute();
        for (int round = 0; round < 30; round++) {
            UUID id = client.append(new Task("x"));
            database.await("select attempt > 2 from event_status where id = ?", id);

            assertThat(client.cancel(id, "enough")).isTrue();
            assertThat(event(client, id).status()).isEqualTo(EventStatus.CANCELLED);
        }
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(count(client, EventStatus.CANCELLED)).isEqualTo(30);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName(
            "A handler on another worker is interrupted within a second of the cancel (p99 of 200, 8 while it polls)")
    void cancel_runningElsewhere_takesEffectWithinASecond(boolean listens) throws InterruptedException {
        int number = listens ? 200 : 8;
        BlockingQueue<Long> interrupted = new ArrayBlockingQueue<>(1);
        Semaphore entered = new Semaphore(0);
        Executor<Task> there = tasks(worker(listens))
                .handler((task, run) -> {
                    entered.release();
                    return hang(interrupted);
                })
                .build();
        Executor<Task> client = tasks().build();
        there.execute();
        List<Long> micros = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            UUID id = client.append(new Task("x"));
            entered.acquire();
            long begin = System.nanoTime();
            assertThat(client.cancel(id, "no")).isTrue();
            micros.add((take(interrupted) - begin) / 1_000);
        }
        long[] sorted = micros.stream().mapToLong(Long::longValue).sorted().toArray();
        System.out.printf(
                "cancel of a running event on another worker, %s: p50 %d µs, p99 %d µs, max %d µs of %d%n",
                listens ? "listening" : "polling",
                sorted[number / 2],
                sorted[number * 99 / 100],
                sorted[number - 1],
                Arrays.stream(sorted).count());

        assertThat(there.join(LONG)).isTrue();
        assertThat(count(client, EventStatus.CANCELLED)).isEqualTo(number);
    }
}
