package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventStatus;
import dev.millrace.event.StatusMove;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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
        assertThat(claimed).isEqualTo(new StatusMove("tasks", done, 1, EventStatus.PROCESSING, Result.PROCESSING));
        StatusMove completed = heard.poll(LONG.toSeconds(), TimeUnit.SECONDS);
        assertThat(completed).isEqualTo(new StatusMove("tasks", done, 1, EventStatus.COMPLETED, Result.COMPLETED));
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
                        Result.ABORTED);
        assertThat(tasks.droppedMoves()).isZero();
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
}
