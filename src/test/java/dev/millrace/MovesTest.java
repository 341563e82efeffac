package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import dev.millrace.event.StatusMove;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Listeners hear of what an executor has committed, and stop nothing. */
class MovesTest extends WithMillrace {
    private final BlockingQueue<StatusMove> heard = new LinkedBlockingQueue<>();

    MovesTest(TestDatabase database) {
        super(database);
    }

    /** The results of the next so many moves, all of that event, by attempt: the next claim may be told before a return. */
    private List<Result> next(UUID id, int number) throws InterruptedException {
        List<StatusMove> moves = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            StatusMove move = heard.poll(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(move).as("move %d after %s", i, moves).isNotNull();
            assertThat(move.event()).isEqualTo(id);
            assertThat(move.flow()).isEqualTo("tasks");
            moves.add(move);
        }
        return moves.stream()
                .sorted(Comparator.comparingInt(StatusMove::attempt)) // keeps the order of those of one attempt
                .map(StatusMove::result)
                .toList();
    }

    @Test
    @DisplayName("A listener hears of each claim and of how it ended, in order, once it is committed")
    void listener_ofEveryEnd_hearsInOrder() throws InterruptedException {
        Executor<Task> tasks = tasks().listener(heard::add)
                .retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .denialBackOff(Duration.ZERO)
                .permission(
                        asked -> asked.payload().name().equals("deny") ? Permission.denied("no") : Permission.granted())
                .handler((task, run) -> switch (task.name()) {
                    case "fail" -> throw new IllegalStateException("x");
                    case "skip" -> throw run.skip("no need");
                    case "transaction" -> run.transaction(connection -> 1);
                    case "timeout" -> new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                    default -> "answer";
                })
                .build();
        tasks.execute();

        UUID done = tasks.append(new Task("done"));
        StatusMove claimed = heard.poll(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(claimed).isEqualTo(move(done, EventStatus.PENDING, EventStatus.PROCESSING, Result.PROCESSING, null));
        StatusMove completed = heard.poll(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(completed.duration()).isPositive();
        assertThat(completed)
                .isEqualTo(move(
                        done, EventStatus.PROCESSING, EventStatus.COMPLETED, Result.COMPLETED, completed.duration()));
        assertThat(event(tasks, done).status()).as("told after the commit").isEqualTo(EventStatus.COMPLETED);

        assertThat(next(tasks.append(new Task("fail")), 4))
                .containsExactly(Result.PROCESSING, Result.RETRY, Result.PROCESSING, Result.FAILED);
        assertThat(next(tasks.append(new Task("skip")), 2)).containsExactly(Result.PROCESSING, Result.SKIPPED);
        assertThat(next(tasks.append(new Task("transaction")), 2)).containsExactly(Result.PROCESSING, Result.COMPLETED);
        assertThat(next(tasks.append(new Task("timeout"), Append.timeout(Duration.ofMillis(50))), 2))
                .containsExactly(Result.PROCESSING, Result.CANCELLED);
        assertThat(next(tasks.append(new Task("deny")), 6))
                .containsExactly(
                        Result.PROCESSING,
                        Result.DENIED,
                        Result.PROCESSING,
                        Result.DENIED,
                        Result.PROCESSING,
                        Result.DENIED);
        assertThat(tasks.droppedMoves()).isZero();
    }

    private static StatusMove move(
            UUID id, EventStatus from, EventStatus to, Result result, @Nullable Duration duration) {
        return new StatusMove("tasks", id, "task", 1, from, to, result, duration, null, null);
    }

    @Test
    @DisplayName("12.4 a listener is told the type, the attempt, its duration, the stored error and the live Throwable")
    void listener_ofAFailure_isToldAllOfIt() throws InterruptedException {
        IllegalStateException thrown = new IllegalStateException("broken", new IOException("no route"));
        Executor<Task> tasks = tasks().listener(heard::add)
                .retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .handler((task, run) -> {
                    throw thrown;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        List<StatusMove> moves = new ArrayList<>();
        while (moves.stream().noneMatch(move -> move.result() == Result.FAILED)) {
            moves.add(take(heard));
        }
        for (Result result : List.of(Result.RETRY, Result.FAILED)) {
            StatusMove move = moves.stream()
                    .filter(one -> one.result() == result)
                    .findFirst()
                    .orElseThrow();
            assertThat(move.event()).isEqualTo(id);
            assertThat(move.type()).isEqualTo("task");
            assertThat(move.attempt()).isEqualTo(result == Result.RETRY ? 1 : 2);
            assertThat(move.duration()).isPositive();
            assertThat(move.thrown()).isSameAs(thrown);
            assertThat(move.error().path("message").asText()).isEqualTo("broken");
            assertThat(move.error().at("/causes/0/message").asText()).isEqualTo("no route");
            assertThat(move.toString()).contains("IllegalStateException").doesNotContain("broken");
        }
        assertThat(moves).allMatch(move -> move.result() != Result.PROCESSING || move.thrown() == null);
    }

    @Test
    @DisplayName(
            "A running event that another process cancels is told by the one that ran it; what it answers then is not")
    void listener_ofACancel_hearsItOnce() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        Executor<Task> tasks = tasks().listener(heard::add)
                .handler((task, run) -> {
                    if (task.name().equals("x")) {
                        running.countDown();
                        try {
                            return new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                        } catch (InterruptedException e) {
                            return "an answer that does not count";
                        }
                    }
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();
        assertThat(running.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();

        assertThat(tasks(another()).build().cancel(id, "withdrawn")).isTrue();

        assertThat(next(id, 2)).containsExactly(Result.PROCESSING, Result.CANCELLED);
        assertThat(next(tasks.append(new Task("next")), 2)).containsExactly(Result.PROCESSING, Result.COMPLETED);
    }

    @Test
    @DisplayName(
            "A pending event, due or not, that is cancelled or skipped from this process is told to every executor of its flow")
    void listener_ofWhatEndsUnclaimed_hearsIt() throws InterruptedException {
        BlockingQueue<StatusMove> also = new LinkedBlockingQueue<>();
        Executor<Task> tasks = tasks().listener(heard::add).build();
        tasks().listener(also::add).build();
        millrace().executor("others", Task.class).listener(heard::add).build();
        UUID due = tasks.append(new Task("due"));
        UUID later = tasks.append(new Task("later"), Append.delay(Duration.ofHours(1)));
        UUID back = tasks.append(new Task("back"));
        database.execute("update ready set attempt = 3 where id = ?", back);

        assertThat(tasks.cancel(due, "withdrawn")).isTrue();
        assertThat(tasks.cancel(due, "withdrawn")).isFalse();
        assertThat(tasks.skip(later, "no need")).isTrue();
        assertThat(tasks.skip(back, "no need")).isTrue();

        for (BlockingQueue<StatusMove> queue : List.of(heard, also)) {
            assertThat(List.of(take(queue), take(queue), take(queue)))
                    .containsExactly(
                            unclaimed(due, 0, EventStatus.CANCELLED, Result.CANCELLED),
                            unclaimed(later, 0, EventStatus.SKIPPED, Result.SKIPPED),
                            unclaimed(back, 3, EventStatus.SKIPPED, Result.SKIPPED));
        }
        assertThat(heard).isEmpty();
    }

    @Test
    @DisplayName("A deadline that passes without a claim is told by the process that noted it")
    void listener_ofADeadline_hearsIt() throws InterruptedException {
        Executor<Task> tasks =
                tasks().listener(heard::add).handler((task, run) -> task.name()).build();
        UUID id = tasks.append(
                new Task("x"),
                Append.delay(Duration.ofHours(1)).withDeadline(Instant.now().plusMillis(300)));
        tasks.start();

        assertThat(take(heard)).isEqualTo(unclaimed(id, 0, EventStatus.SKIPPED, Result.SKIPPED));
    }

    @Test
    @DisplayName("What is taken from a dead worker, back to pending or aborted, is told by the process that took it")
    void listener_ofARescue_hearsWhatWasLost() throws InterruptedException {
        Executor<Task> dead = tasks(another()).handler(new Stage()).build();
        UUID back = dead.append(new Task("back"));
        UUID poison = dead.append(new Task("poison"));
        database.execute("update ready set deaths = 2, attempt = 2 where id = ?", poison);
        dead.execute();
        database.await("select count(*) = 2 from running");
        dead.pause(); // so that nobody claims it again
        Millrace rescuer = opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .lease(Duration.ofSeconds(1))
                .connect());
        Executor<Task> tasks =
                tasks(rescuer).listener(heard::add).handler(new Stage()).build();
        tasks.start();

        database.execute("""
                with corpse as (
                    insert into worker (id, host, pid, version, expires_at)
                    values (gen_random_uuid(), 'corpse', 0, 'test', clock_timestamp())
                    returning id
                )
                update running set worker = corpse.id from corpse
                """);

        assertThat(List.of(take(heard), take(heard)))
                .containsExactlyInAnyOrder(
                        moved(back, 1, EventStatus.PROCESSING, EventStatus.PENDING, Result.LOST),
                        moved(poison, 3, EventStatus.PROCESSING, EventStatus.ABORTED, Result.LOST));
    }

    private static StatusMove unclaimed(UUID id, int attempt, EventStatus to, Result result) {
        return moved(id, attempt, EventStatus.PENDING, to, result);
    }

    private static StatusMove moved(UUID id, int attempt, EventStatus from, EventStatus to, Result result) {
        return new StatusMove("tasks", id, "task", attempt, from, to, result, null, null, null);
    }

    private static StatusMove take(BlockingQueue<StatusMove> queue) throws InterruptedException {
        StatusMove move = queue.poll(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(move).as("a move").isNotNull();
        return move;
    }

    @Test
    @DisplayName("Listeners that throw or hang hold up neither events nor each other; what one misses is counted")
    void listener_thatThrowsOrHangs_stopsNothing() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks().listener(move -> {
                    throw new AssertionError("not me");
                })
                .listener(move -> {
                    try {
                        boolean unused = release.await(LONG.toSeconds(), TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                })
                .listener(heard::add)
                .handler((task, run) -> null)
                .build();
        int number = 6_000;
        append(tasks, number);
        tasks.execute();

        database.await("select count(*) = ? from outcome", number);

        assertThat(tasks.droppedMoves()).as("of 12,000, by the one that hangs").isBetween(1_000L, 12_000L);
        release.countDown();
        int polled = 0;
        while (heard.poll(1, TimeUnit.SECONDS) != null) {
            polled++;
        }
        assertThat(polled).as("heard by the one that keeps up").isGreaterThan(number);
    }

    @Test
    @DisplayName("12.4 a move of an event that was not claimed here has its type, if the executor knows it")
    void listener_ofWhatOthersHad_hearsTheType() throws InterruptedException {
        Executor<Task> tasks = tasks().listener(heard::add).build();
        UUID due = tasks.append(new Task("due"));
        UUID later = tasks.append(new Task("later"), Append.delay(Duration.ofHours(1)));
        UUID many = tasks.append(new Task("many"));
        UUID manyLater = tasks.append(new Task("many later"), Append.delay(Duration.ofHours(1)));
        UUID strange = millrace().executor("tasks", Strange.class).build().append(new Strange(1));

        assertThat(tasks.cancel(due, "no")).isTrue();
        assertThat(tasks.skip(later, "no")).isTrue();
        assertThat(tasks.cancel(strange, "no")).isTrue();
        assertThat(tasks.cancelAll(EventFilter.all(), "no")).isEqualTo(2);

        Map<UUID, Optional<String>> types = new HashMap<>();
        for (int i = 0; i < 5; i++) {
            StatusMove move = heard.poll(60, TimeUnit.SECONDS);
            types.put(move.event(), Optional.ofNullable(move.type()));
        }
        assertThat(types)
                .isEqualTo(Map.of(
                        due, Optional.of("task"),
                        later, Optional.of("task"),
                        many, Optional.of("task"),
                        manyLater, Optional.of("task"),
                        strange, Optional.empty()));
    }

    private record Strange(int number) {}
}
