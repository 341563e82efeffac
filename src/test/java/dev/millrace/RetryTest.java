package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Failed events that run again by a policy, or by hand as fresh ones. */
class RetryTest extends WithMillrace {
    RetryTest(TestDatabase database) {
        super(database);
    }

    /** Fails so many times, then succeeds. */
    private ExecutorBuilder<Task> failing(int times) {
        AtomicInteger runs = new AtomicInteger();
        return tasks().handler((task, run) -> {
            if (runs.incrementAndGet() <= times) {
                throw new IllegalStateException("failure " + runs.get());
            }
            return "ok after " + runs.get();
        });
    }

    @Test
    @DisplayName("R-020 without a policy nothing is retried, however retryable the error")
    void noPolicy_failsOnce() throws InterruptedException {
        Executor<Task> tasks = failing(1).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.FAILED);
        assertThat(ended(tasks, id).execution().attempt()).isEqualTo(1);
        assertThat(attempts(id)).isEmpty();
    }

    @Test
    @DisplayName(
            "R-020 each attempt that is retried leaves a row with its error, duration and worker; failures are counted")
    void policy_failsTwice_thenCompletes() throws InterruptedException {
        Executor<Task> tasks =
                failing(2).retry(RetryPolicy.fixed(Duration.ofMillis(1), 5)).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().attempt()).isEqualTo(3);
        assertThat(event.execution().response()).hasToString("\"ok after 3\"");
        assertThat(database.query(
                        "select attempt, reason, error ->> 'message', duration >= 0, worker = ?, finished_at >= started_at"
                                + " from attempt where event = ? order by attempt",
                        millrace().workerId(),
                        id))
                .containsExactly(
                        List.of(1, "retry", "failure 1", true, true, true),
                        List.of(2, "retry", "failure 2", true, true, true));
    }

    @Test
    @DisplayName("R-020 when the attempts are used up the event is failed with the last error")
    void policy_exhausted_fails() throws InterruptedException {
        Executor<Task> tasks =
                failing(100).retry(RetryPolicy.fixed(Duration.ZERO, 3)).build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(event.execution().attempt()).isEqualTo(3);
        assertThat(errorMessage(event)).isEqualTo("failure 3");
        assertThat(attempts(id)).containsExactly("retry", "retry");
    }

    @Test
    @DisplayName("R-018 an error that is not retryable is not retried")
    void policy_notRetryable_fails() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.exponential(Duration.ofMillis(1), 5))
                .handler((task, run) -> {
                    throw new ValidationException("never good");
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        assertThat(ended(tasks, id).execution().attempt()).isEqualTo(1);
    }

    @Test
    @DisplayName(
            "R-020 the back-off is by the database's clock: scheduled until then, pending all the while, and promoted")
    void policy_backOff_isScheduled() throws InterruptedException {
        Duration pause = Duration.ofMillis(300);
        Executor<Task> tasks = failing(1).retry(RetryPolicy.fixed(pause, 2)).build();
        UUID id = tasks.append(new Task("x"), Append.priority(4));
        tasks.start();
        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
        assertThat(database.query("select failures, denials, attempt, priority from scheduled where id = ?", id))
                .containsExactly(List.of(1, 0, 1, 4.0));
        assertThat(tasks.forward()).as("it is not due").isZero();

        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(
                        database.text(
                                "select o.started_at - a.finished_at >= interval '300 ms' from outcome o join attempt a on a.event = o.id"))
                .isEqualTo("true");
    }

    @Test
    @DisplayName("12.33 one moment a statement: an attempt that goes back is due exactly its pause after it finished")
    void policy_backOff_countsFromTheEndOfTheAttempt() throws InterruptedException {
        Duration pause = Duration.ofHours(1);
        Executor<Task> tasks = failing(50).retry(RetryPolicy.fixed(pause, 2)).build();
        append(tasks, 50);
        tasks.start();

        tasks.forward();

        assertThat(database.query("select s.run_at - a.finished_at from scheduled s join attempt a on a.event = s.id"
                        + " where s.run_at <> a.finished_at + interval '1 hour'"))
                .isEmpty();
        assertThat(database.longValue("select count(*) from scheduled")).isEqualTo(50);
    }

    @Test
    @DisplayName("R-007 invoke runs an event once at once, but does not cut its back-off short")
    void invoke_backOff_isKept() throws InterruptedException {
        ManualClock clock = new ManualClock(Instant.parse("2030-01-01T00:00:00Z"));
        Instant due = clock.in(Duration.ofHours(1));
        Queue<Instant> runs = new ConcurrentLinkedQueue<>();
        Executor<Task> tasks = tasks(by(clock))
                .retry(RetryPolicy.fixed(Duration.ofHours(1), 2))
                .handler((task, run) -> {
                    runs.add(clock.instant());
                    if (run.attempt() == 1) {
                        throw new IllegalStateException("failure");
                    }
                    return "ok";
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        Thread hours = Thread.ofPlatform().start(() -> {
            database.await("select count(*) = 1 from attempt"); // the first run is over
            clock.turn(Duration.ofMinutes(30));
            clock.turn(Duration.ofMinutes(30));
        });

        assertThat(tasks.invoke(id)).hasToString("\"ok\"");
        hours.join(LONG);
        assertThat(runs).hasSize(2).last().isEqualTo(due);
    }

    @Test
    @DisplayName("R-063 a failure forgives the denials before it: it was granted")
    void failure_clearsDenials() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        Executor<Task> tasks = failing(1)
                .retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .denialBackOff(Duration.ZERO)
                .permission(event -> Permission.of(asked.incrementAndGet() == 3))
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.ABORTED);
        assertThat(attempts(id)).containsExactly("denied", "denied", "retry", "denied", "denied");
    }

    static Stream<Named<RetryPolicy>> brokenPolicies() {
        return Stream.of(
                Named.of("throws", (failures, error) -> {
                    throw new IllegalStateException("no policy");
                }),
                Named.of("throws an Error", (failures, error) -> {
                    throw new AssertionError("no policy");
                }),
                Named.of("answers null", (failures, error) -> null));
    }

    @ParameterizedTest
    @MethodSource("brokenPolicies")
    @DisplayName("R-012 a retry policy that breaks fails its event with the handler's error, and nothing hangs")
    void policy_breaks_eventFails(RetryPolicy policy) throws InterruptedException {
        Executor<Task> tasks = failing(1).concurrencyLimit(1).retry(policy).build();
        UUID id = tasks.append(new Task("x"));
        UUID next = tasks.append(new Task("next"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(ended(tasks, id))).isEqualTo("failure 1");
        assertThat(ended(tasks, next).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("R-020 a policy's pause of any length is kept as far as the database can")
    void policy_absurdPause_isPending() throws InterruptedException {
        Executor<Task> tasks = failing(1)
                .retry((failures, error) -> Optional.of(Duration.ofSeconds(Long.MAX_VALUE)))
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();

        tasks.forward();

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PENDING);
    }

    @Test
    @DisplayName("R-024 retry(id) appends a fresh event that names its original, its root and its number")
    void retry_twice_namesOriginalAndRoot() throws InterruptedException {
        Executor<Task> tasks = failing(2).build();
        UUID first = tasks.append(new Task("x"), Append.timeout(LONG).withNote("tenant", "acme"));
        tasks.start();
        tasks.forward();

        UUID second = tasks.retry(first);
        tasks.forward();
        UUID third = tasks.retry(second);
        tasks.forward();

        Event<Task> event = event(tasks, third);
        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.payload()).isEqualTo(new Task("x"));
        assertThat(event.timeout()).isEqualTo(LONG);
        assertThat(event.metadata().at("/original/id").asText()).isEqualTo(second.toString());
        assertThat(event.metadata().at("/original/created_at").asText())
                .isEqualTo(event(tasks, second).createdAt().toString());
        assertThat(event.metadata().at("/root/id").asText()).isEqualTo(first.toString());
        assertThat(event.metadata().path("attempt").asInt()).isEqualTo(3);
        assertThat(event.metadata().has("tenant")).isFalse();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.FAILED, 2L, EventStatus.COMPLETED, 1L));
    }

    @Test
    @DisplayName("R-023 a fresh event of a streaming one streams")
    void retry_streaming_staysStreaming() {
        Executor<Task> tasks = tasks().build();
        UUID id = tasks.append(new Task("x"), Append.defaults().streamed());
        tasks.skip(id, "later");

        assertThat(event(tasks, tasks.retry(id)).streaming()).isTrue();
    }

    @Test
    @DisplayName(
            "12.4 an InterruptedException of the handler's own, where nobody has interrupted it, fails its attempt: it is retried")
    void interruptedException_thatNobodyCaused_isRetried() throws InterruptedException {
        AtomicInteger runs = new AtomicInteger();
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ofMillis(1), 3))
                .handler((task, run) -> {
                    if (runs.incrementAndGet() < 3) {
                        throw new InterruptedException("its own");
                    }
                    return "done";
                })
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(attempts(id)).containsExactly("retry", "retry");
        assertThat(database.list(String.class, "select distinct error ->> 'error' from attempt"))
                .containsExactly("InterruptedException");
    }
}
