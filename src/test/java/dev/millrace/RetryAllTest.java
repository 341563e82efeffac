package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExecutionException;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The history of attempts, timeouts that are retried, and redriving what has ended. */
class RetryAllTest extends WithMillrace {
    RetryAllTest(TestDatabase database) {
        super(database);
    }

    /** Fails what it is given, by name, one after another. */
    private Executor<Task> failing() {
        return tasks().concurrencyLimit(1)
                .handler((task, run) -> {
                    switch (task.name()) {
                        case "bad" -> throw new ValidationException("never Good");
                        case "late" -> throw new ExecutionException("not now");
                        default -> throw new IllegalStateException("failure of " + task.name());
                    }
                })
                .build();
    }

    /** So many events of the flow that failed, without having been run, each with its number in its error. */
    private void fail(Executor<Task> tasks, int number) {
        append(tasks, number);
        database.execute(
                "with gone as (delete from ready returning id, flow, position)"
                        + " insert into outcome (id, flow, attempt, status, retryable, started_at, error)"
                        + " select id, flow, 1, 3, true, now(), '{\"error\": \"E\", \"message\": \"m\"}' from gone order by position");
    }

    private UUID retried(UUID original) {
        return database.list(UUID.class, "select event from retried where original = ?", original)
                .getFirst();
    }

    @Test
    @DisplayName(
            "Every attempt is kept with its error, worker, start and duration, in order, and shows what came of it")
    void attempts_ofEveryKind_areInOrder() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 3).retryingTimeouts())
                .denialBackOff(Duration.ZERO)
                .permission(event -> Permission.of(asked.incrementAndGet() > 1))
                .handler((task, run) -> {
                    switch (run.attempt()) {
                        case 2 -> throw new IllegalStateException("first");
                        case 3 -> throw run.snooze(Duration.ofMillis(1));
                        case 4 -> new CountDownLatch(1).await();
                        default -> {}
                    }
                    return "done";
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofMillis(200)));
        tasks.execute();
        ended(tasks, id);

        List<EventAttempt> attempts = tasks.attempts(id);

        assertThat(attempts).extracting(EventAttempt::number).containsExactly(1, 2, 3, 4, 5);
        assertThat(attempts)
                .extracting(EventAttempt::result)
                .containsExactly(Result.DENIED, Result.RETRY, Result.SNOOZE, Result.CANCELLED, Result.COMPLETED);
        assertThat(attempts)
                .extracting(attempt -> attempt.error() == null
                        ? ""
                        : attempt.error().path("message").asText())
                .containsExactly("permission denied, 1 of 3", "first", "", "Operation timed out after 0.2s", "");
        for (EventAttempt attempt : attempts) {
            assertThat(attempt.worker()).isEqualTo(millrace().workerId());
            assertThat(attempt.finishedAt()).isAfterOrEqualTo(attempt.startedAt());
            assertThat(attempt.duration() == null).isEqualTo(attempt.result() == Result.DENIED);
        }
    }

    @Test
    @DisplayName("The attempts of an event that runs end with the one that does; one that was never claimed has none")
    void attempts_unsettled_showTheRunningOne() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID id = tasks.append(new Task("x"));
        assertThat(tasks.attempts(id)).isEmpty();
        tasks.execute();
        stage.awaitEntered(1);

        assertThat(tasks.attempts(id)).extracting(EventAttempt::result).containsExactly(Result.PROCESSING);
        assertThat(millrace().executor("other", Task.class).build().attempts(id))
                .isEmpty();
        stage.release(1);
        ended(tasks, id);

        UUID skipped = tasks.append(
                new Task("y"), Append.defaults().withRunAt(Instant.now().plusSeconds(3_600)));
        tasks.skip(skipped, "no");
        assertThat(tasks.attempts(skipped)).isEmpty();
    }

    @Test
    @DisplayName("R-016 a timeout is retried where the policy says so; the last one fails the event")
    void timeout_retried_failsAtLast() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 2).retryingTimeouts())
                .handler((task, run) -> {
                    new CountDownLatch(1).await();
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofMillis(30)));
        tasks.execute();

        Event<Task> event = ended(tasks, id);

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorName(event)).isEqualTo("TimeoutError");
        assertThat(attempts(id)).containsExactly("cancelled");
        assertThat(tasks.attempts(id))
                .extracting(EventAttempt::result)
                .containsExactly(Result.CANCELLED, Result.FAILED);
    }

    @Test
    @DisplayName("R-016 the policy is asked once for a timeout, whatever the interrupted handler does then")
    void timeout_ofAHandlerThatWrapsItsInterrupt_asksThePolicyOnce() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        CountDownLatch over = new CountDownLatch(1);
        RetryPolicy policy = (failures, error) -> {
            asked.incrementAndGet();
            return Optional.empty();
        };
        Executor<Task> tasks = tasks().retry(policy.retryingTimeouts())
                .handler((task, run) -> {
                    try {
                        new CountDownLatch(1).await();
                        return null;
                    } catch (InterruptedException e) {
                        throw new IllegalStateException("wrapped", e);
                    } finally {
                        over.countDown();
                    }
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofMillis(30)));
        tasks.execute();

        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.FAILED);
        over.await();
        tasks.close(); // once the handler's thread is through

        assertThat(asked).hasValue(1);
    }

    @Test
    @DisplayName("Only what fits is retried: error text, whether it is retryable, type, time and limit")
    void retryAll_filters_narrow() throws InterruptedException {
        Executor<Task> tasks = failing();
        for (String name : List.of("a", "bad", "late", "b", "c")) {
            tasks.append(new Task(name));
        }
        tasks.start();
        tasks.forward();
        Instant now = database.list(Timestamp.class, "select clock_timestamp()")
                .getFirst()
                .toInstant();

        assertThat(tasks.retryAll(RetryFilter.failed().ofTypes("other"))).isZero();
        assertThat(tasks.retryAll(RetryFilter.failed().since(now))).isZero();
        assertThat(tasks.retryAll(RetryFilter.failed().until(now.minusSeconds(3_600))))
                .isZero();
        assertThat(tasks.retryAll(RetryFilter.ended(EventStatus.SKIPPED, EventStatus.ABORTED)))
                .isZero();
        assertThat(tasks.retryAll(RetryFilter.failed().withError("100%"))).isZero();
        assertThat(tasks.retryAll(RetryFilter.failed().withError("ERROR: never good")))
                .isOne();
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("bad");
        assertThat(tasks.retryAll(RetryFilter.failed().onlyRetryable().limit(2).ofTypes("task")))
                .isEqualTo(2);
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("bad", "a", "late");
        assertThat(tasks.retryAll(RetryFilter.failed().until(now))).isEqualTo(2);
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("bad", "a", "late", "b", "c");
    }

    @Test
    @DisplayName(
            "R-024 redriven events name their original and their root as those of retry do, and are theirs in all else")
    void retryAll_freshEvents_nameTheirOriginal() throws InterruptedException {
        Executor<Task> tasks = failing();
        Append options =
                Append.timeout(LONG).streamed().withNote("tenant", "acme").withPriority(7);
        UUID first = tasks.append(new Task("x"), options);
        UUID late = tasks.append(
                new Task("y"), options.withDeadline(Instant.now().plus(Duration.ofHours(1)))); // it runs before that
        tasks.start();
        tasks.forward();
        Event<Task> expected = event(tasks, first).asFreshEvent();
        database.execute("update event set deadline = now() - interval '1 h' where id = ?", late);

        assertThat(tasks.retryAll(RetryFilter.failed())).isEqualTo(2);
        UUID second = retried(first);
        Event<Task> event = event(tasks, second);

        assertThat(event.metadata()).isEqualTo(expected.metadata());
        assertThat(event.payload()).isEqualTo(new Task("x"));
        assertThat(event.timeout()).isEqualTo(LONG);
        assertThat(event.streaming()).isTrue();
        assertThat(event.execution().attempt()).isZero();
        assertThat(event(tasks, retried(late)).deadline())
                .as("a deadline that has passed is no help")
                .isNull();
        tasks.forward();
        UUID third = tasks.retry(second);
        JsonNode notes = event(tasks, third).metadata();
        assertThat(notes.at("/original/id").asText()).isEqualTo(second.toString());
        assertThat(notes.at("/root/id").asText()).isEqualTo(first.toString());
        assertThat(notes.at("/attempt").asInt()).isEqualTo(3);
    }

    @Test
    @DisplayName("R-024 created_at is written as Java writes it, with no, three or six digits")
    void freshMetadata_createdAt_isWrittenAsJavaDoes() {
        for (String time : List.of(
                "2026-01-02T03:04:05Z",
                "2026-01-02T03:04:00Z",
                "2026-01-02T03:04:05.120Z",
                "2026-01-02T03:04:05.000120Z")) {
            assertThat(database.text(
                            "select fresh_metadata(gen_random_uuid(), ?::timestamptz, '{}') #>> '{original,created_at}'",
                            time))
                    .isEqualTo(Instant.parse(time).toString());
        }
        assertThat(database.text(
                        "select fresh_metadata(gen_random_uuid(), now(), '{\"attempt\": \"7\"}') ->> 'attempt'"))
                .isEqualTo("2");
        assertThat(database.text("select fresh_metadata(gen_random_uuid(), now(), '{\"attempt\": 7}') ->> 'attempt'"))
                .as("13.17: a number without a line is the application's")
                .isEqualTo("2");
        assertThat(database.text(
                        "select fresh_metadata(id, now(), fresh_metadata(id, now(), '{}') || '{\"attempt\": 7}') ->> 'attempt'"
                                + " from gen_random_uuid() as i (id)"))
                .isEqualTo("8");
        assertThat(database.text(
                        "select fresh_metadata(gen_random_uuid(), now(), '{\"attempt\": 1e99}') ->> 'attempt'"))
                .isEqualTo("2");
    }

    @Test
    @DisplayName("Said again it does nothing more; what was retried by hand is left; what failed again fits again")
    void retryAll_repeated_isHarmless() throws InterruptedException {
        Executor<Task> tasks = failing();
        UUID byHand = tasks.append(new Task("a"));
        tasks.append(new Task("b"));
        tasks.start();
        tasks.forward();
        tasks.retry(byHand);

        assertThat(tasks.retryAll(RetryFilter.failed())).isOne();
        assertThat(tasks.retryAll(RetryFilter.failed())).isZero();
        tasks.forward();

        assertThat(tasks.retryAll(RetryFilter.failed()))
                .as("the two fresh ones")
                .isEqualTo(2);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.FAILED, 4L, EventStatus.PENDING, 2L));
    }

    @Test
    @DisplayName("Thousands are redriven in chunks, while they fail again, each once whoever else does the same")
    void retryAll_concurrent_eachOnce() throws Exception {
        int number = 5_000;
        Executor<Task> tasks = failing();
        Executor<Task> there = tasks(another()).build();
        fail(tasks, number);
        tasks.execute(); // what is redriven fails at once
        CyclicBarrier together = new CyclicBarrier(3);
        List<Future<Long>> calls = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            for (Executor<Task> client : List.of(tasks, there, there)) {
                calls.add(threads.submit(() -> {
                    together.await();
                    return client.retryAll(RetryFilter.failed().withError("e: m"));
                }));
            }
        }
        long sum = 0;
        for (Future<Long> call : calls) {
            sum += call.get();
        }
        assertThat(tasks.join(LONG)).isTrue();

        assertThat(sum).isEqualTo(number);
        assertThat(database.longValue("select count(distinct metadata #>> '{original,id}') from event"))
                .isEqualTo(number);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.FAILED, 2L * number));
    }

    @Test
    @DisplayName("A bounded flow takes no more than it may, and keeps what it took")
    void retryAll_boundedFlow_isFilled() {
        Executor<Task> tasks = failing();
        fail(tasks, 20);
        Executor<Task> bounded = tasks().maxQueueSize(12).build();

        assertThatThrownBy(() -> bounded.retryAll(RetryFilter.failed()))
                .isInstanceOf(QueueFullException.class)
                .hasMessage("Queue size (12) exceeds max (12)");
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(12);
        assertThatThrownBy(() -> bounded.retry(UUID.randomUUID())).isInstanceOf(QueueFullException.class);
    }

    @Test
    @DisplayName("Only what has ended can be retried; clean-up forgets what was")
    void retry_notEnded_isRefused() {
        Executor<Task> tasks = failing();
        UUID id = tasks.append(new Task("x"));

        assertThatIllegalStateException()
                .isThrownBy(() -> tasks.retry(id))
                .withMessage("event " + id + " is pending: only an event that has ended can be retried");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryFilter.ended(EventStatus.PENDING))
                .withMessageContaining("got pending");
        assertThatIllegalArgumentException().isThrownBy(() -> RetryFilter.ended());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryFilter.failed().limit(0));

        tasks.skip(id, "no");
        tasks.retry(id);
        tasks.cleanupEvents(List.of(EventStatus.SKIPPED));
        assertThat(database.longValue("select count(*) from retried")).isZero();
    }
}
