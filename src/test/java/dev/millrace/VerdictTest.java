package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import dev.millrace.work.Run;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a handler can say of its event in place of an answer, and that it counts exactly when it can. */
class VerdictTest extends WithMillrace {
    private static final RetryPolicy PATIENT = RetryPolicy.fixed(Duration.ZERO, 3);

    VerdictTest(TestDatabase database) {
        super(database);
    }

    private Event<Task> runOnce(Executor<Task> tasks) throws InterruptedException {
        UUID id = tasks.append(new Task("x"));
        tasks.start();
        tasks.forward();
        return event(tasks, id);
    }

    private static Named<Function<Run<?>, RuntimeException>> word(
            String name, Function<Run<?>, RuntimeException> word) {
        return Named.of(name, word);
    }

    static Stream<Arguments> endings() {
        return Stream.of(
                Arguments.of(word("fail", run -> run.fail("no such user")), EventStatus.FAILED, "FailedError"),
                Arguments.of(word("skip", run -> run.skip("no such user")), EventStatus.SKIPPED, "SkippedError"),
                Arguments.of(
                        word("cancel", run -> run.cancel("no such user")), EventStatus.CANCELLED, "CancelledError"));
    }

    @ParameterizedTest
    @MethodSource("endings")
    @DisplayName("fail, skip and cancel end the event for their reason, whatever the retry policy would allow")
    void ending_said_isFinal(Function<Run<?>, RuntimeException> word, EventStatus status, String error)
            throws InterruptedException {
        Event<Task> event = runOnce(tasks().retry(PATIENT)
                .handler((task, run) -> {
                    throw word.apply(run);
                })
                .build());

        assertThat(event.status()).isEqualTo(status);
        assertThat(errorName(event)).isEqualTo(error);
        assertThat(errorMessage(event)).isEqualTo("no such user");
        assertThat(event.execution().retryable()).isEqualTo(status == EventStatus.CANCELLED);
        assertThat(event.execution().duration()).isNotNull();
        assertThat(attempts(event.id())).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("endings")
    @DisplayName(
            "What was said counts, also if the handler swallows what ends it, and whatever it answers or throws then")
    void ending_swallowed_counts(Function<Run<?>, RuntimeException> word, EventStatus status, String error)
            throws InterruptedException {
        Executor<Task> tasks = tasks().retry(PATIENT)
                .handler((task, run) -> {
                    try {
                        throw word.apply(run);
                    } catch (RuntimeException e) {
                        if (task.name().equals("x")) {
                            return "an answer";
                        }
                        throw new ValidationException("another error");
                    }
                })
                .build();
        UUID throwing = tasks.append(new Task("y"));

        assertThat(runOnce(tasks).status()).isEqualTo(status);
        assertThat(errorName(event(tasks, throwing))).isEqualTo(error);
    }

    @Test
    @DisplayName("A snooze uses up no attempt of the policy; the history numbers it, and the claim's number grows")
    void snooze_said_isNoFailure() throws InterruptedException {
        List<String> seen = new CopyOnWriteArrayList<>();
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .handler((task, run) -> {
                    seen.add(run.attempt() + " " + run.failures() + " " + run.isLastAttempt());
                    if (run.attempt() <= 3) {
                        throw run.snooze(Duration.ofMillis(1));
                    }
                    throw new IllegalStateException("failure");
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.priority(5));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(attempts(id)).containsExactly("snooze", "snooze", "snooze", "retry");
        assertThat(seen).containsExactly("1 0 false", "2 0 false", "3 0 false", "4 0 false", "5 1 true");
        assertThat(event.execution().attempt()).isEqualTo(5);
    }

    @Test
    @DisplayName("A snoozed event is scheduled by the database's clock, with its priority and its failures")
    void snooze_said_isScheduled() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(PATIENT)
                .handler((task, run) -> {
                    if (run.attempt() == 1) {
                        throw new IllegalStateException("failure");
                    }
                    throw run.snooze(Duration.ofHours(1));
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.priority(5));
        tasks.start();
        tasks.forward();
        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
        assertThat(database.query(
                        "select attempt, failures, denials, deaths, priority,"
                                + " run_at between now() + interval '58 min' and now() + interval '1 h' from scheduled where id = ?",
                        id))
                .containsExactly(List.of(2, 1, 0, 0, 5.0, true));
    }

    @Test
    @DisplayName("retryIn schedules its event after its own pause, and counts a failure")
    void retryIn_said_isScheduledAfterItsPause() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 3))
                .handler((task, run) -> {
                    throw run.retryIn(Duration.ofHours(1));
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();
        tasks.forward();

        assertThat(database.query(
                        "select attempt, failures,"
                                + " run_at between now() + interval '58 min' and now() + interval '1 h' from scheduled where id = ?",
                        id))
                .containsExactly(List.of(1, 1, true));
    }

    @Test
    @DisplayName("retryIn has its own pause and the policy's limit; the last one fails the event")
    void retryIn_said_isBoundedByThePolicy() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ofHours(1), 3))
                .handler((task, run) -> {
                    throw run.retryIn(Duration.ofMillis(1));
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(event.execution().attempt()).isEqualTo(3);
        assertThat(errorMessage(event))
                .isEqualTo("the handler asked to be run again in PT0.001S,"
                        + " but the executor's retry policy allows no run after failure 3");
        assertThat(attempts(id)).containsExactly("retry", "retry");
    }

    @Test
    @DisplayName("Without a policy every attempt is the last, for retryIn as well")
    void retryIn_noPolicy_fails() throws InterruptedException {
        List<Boolean> last = new CopyOnWriteArrayList<>();
        Event<Task> event = runOnce(tasks().handler((task, run) -> {
                    last.add(run.isLastAttempt());
                    throw run.retryIn(Duration.ZERO);
                })
                .build());

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(last).containsExactly(true);
    }

    @Test
    @DisplayName("A second word is refused, and the first one counts")
    void word_second_isRefused() throws InterruptedException {
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        Event<Task> event = runOnce(tasks().handler((task, run) -> {
                    try {
                        throw run.skip("first");
                    } catch (RuntimeException end) {
                        try {
                            throw run.fail("second");
                        } catch (RuntimeException e) {
                            refused.complete(e);
                        }
                    }
                    return null;
                })
                .build());

        assertThat(event.status()).isEqualTo(EventStatus.SKIPPED);
        assertThat(refused.join())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("event %s: fail comes too late, its handler has called skip already, which counts"
                        .formatted(event.id()));
    }

    @Test
    @DisplayName("A word from another thread is refused, during the run and after it, and changes nothing")
    void word_otherThread_isRefused() throws Exception {
        CompletableFuture<Run<Task>> kept = new CompletableFuture<>();
        Event<Task> event = runOnce(tasks().handler((task, run) -> {
                    kept.complete(run);
                    return CompletableFuture.supplyAsync(() -> run.fail("from elsewhere"))
                            .handle((nothing, error) -> error.getCause().getMessage())
                            .get(LONG.toSeconds(), TimeUnit.SECONDS);
                })
                .build());

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(String.valueOf(event.execution().response()))
                .contains("event " + event.id() + ": fail must be called on the thread of its handler");
        Run<Task> run = kept.get();
        assertThatIllegalStateException()
                .isThrownBy(() -> run.snooze(Duration.ofSeconds(1)))
                .withMessageContaining("while that runs");
    }

    @Test
    @DisplayName("After run.transaction has committed a word is refused, and the event stays completed")
    void word_afterTheTransaction_isRefused() throws InterruptedException {
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        Event<Task> event = runOnce(tasks().handler((task, run) -> {
                    String unused = run.transaction(connection -> "done");
                    try {
                        throw run.fail("after all");
                    } catch (RuntimeException e) {
                        refused.complete(e);
                        throw e;
                    }
                })
                .build());

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(refused.join())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("settled by its handler's own transaction");
    }

    @Test
    @DisplayName("A word inside run.transaction rolls it back, also if the work swallows what should end it")
    void word_insideTheTransaction_rollsBack() throws InterruptedException {
        database.execute("create table orders (id int)");
        try {
            Executor<Task> tasks = tasks().handler((task, run) -> run.transaction(connection -> {
                        connection.createStatement().execute("insert into millrace.orders values (1)");
                        try {
                            throw run.skip("not wanted");
                        } catch (RuntimeException e) {
                            if (task.name().equals("x")) {
                                return "swallowed";
                            }
                            throw e;
                        }
                    }))
                    .build();
            UUID other = tasks.append(new Task("y"));

            assertThat(runOnce(tasks).status()).isEqualTo(EventStatus.SKIPPED);
            assertThat(event(tasks, other).status()).isEqualTo(EventStatus.SKIPPED);
            assertThat(database.longValue("select count(*) from orders")).isZero();
        } finally {
            database.execute("drop table orders");
        }
    }

    @Test
    @DisplayName("R-015 a word after the timeout is too late: the clock has decided")
    void word_afterTheTimeout_isTooLate() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(PATIENT)
                .handler((task, run) -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        throw run.snooze(Duration.ofMillis(1));
                    }
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofMillis(30)));
        tasks.start();
        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.CANCELLED);
        assertThat(errorName(event(tasks, id))).isEqualTo("TimeoutError");
    }

    @Test
    @DisplayName("A streaming handler may say so too; chunks stay, and no more are taken after it")
    void word_streaming_counts() throws InterruptedException {
        Executor<Task> tasks = tasks().streamHandler((task, run) -> Stream.of(1, 2, 3)
                        .peek(n -> {
                            if (n == 2) {
                                throw run.fail("enough");
                            }
                        }))
                .build();
        Event<Task> event = runOnce(tasks);

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event)).isEqualTo("enough");
        assertThat(tasks.chunks(event.id(), 0, 10)).hasSize(1);
    }

    @Test
    @DisplayName("A bad pause or a missing reason is an error of the handler, said in so many words")
    void word_badArgument_failsTheHandler() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    throw run.snooze(Duration.ofSeconds(-1));
                })
                .build();

        assertThat(errorMessage(runOnce(tasks))).isEqualTo("snooze: the pause must be positive, got PT-1S");
    }
}
