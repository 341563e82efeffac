package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.NullNode;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.EventTimeoutException;
import dev.millrace.event.ExceptionGroup;
import dev.millrace.event.ExecutionException;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Handler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a handler returns or throws, and what the event's row says of it (behaviour A3 and A5). */
class OutcomeTest extends WithMillrace {
    OutcomeTest(TestDatabase database) {
        super(database);
    }

    private Event<Task> outcomeOf(Handler<Task> handler) throws InterruptedException {
        return outcomeOf(handler, Append.defaults());
    }

    private Event<Task> outcomeOf(Handler<Task> handler, Append options) throws InterruptedException {
        Executor<Task> tasks = tasks().handler(handler).build();
        UUID id = tasks.append(new Task("x"), options);
        tasks.start();
        assertThat(tasks.forward()).isEqualTo(1);
        return event(tasks, id);
    }

    static Stream<Arguments> thrown() {
        return Stream.of(
                Arguments.of(new IOException("broken pipe"), "failed", "IOException", "broken pipe", true),
                Arguments.of(new IllegalStateException("odd"), "failed", "IllegalStateException", "odd", true),
                Arguments.of(new TimeoutException("theirs"), "failed", "TimeoutException", "theirs", true),
                Arguments.of(new CancellationException("c"), "failed", "CancellationException", "c", true),
                Arguments.of(new EventTimeoutException("its own"), "failed", "TimeoutError", "its own", true),
                Arguments.of(new ExecutionException("no luck"), "failed", "ExecutionError", "no luck", true),
                Arguments.of(new ConnectionException("gone"), "failed", "ConnectionError", "gone", true),
                Arguments.of(new ValidationException("bad"), "failed", "ValidationError", "bad", false),
                Arguments.of(new ConfigurationException("c"), "failed", "ConfigurationError", "c", false),
                Arguments.of(new NotFoundException("nowhere"), "failed", "NotFoundError", "nowhere", false),
                Arguments.of(new InterruptedException("stop"), "failed", "InterruptedException", "stop", true),
                Arguments.of(new AssertionError("wrong"), "failed", "AssertionError", "wrong", true),
                Arguments.of(new StackOverflowError("deep"), "failed", "StackOverflowError", "deep", true),
                Arguments.of(new OutOfMemoryError("full"), "failed", "OutOfMemoryError", "full", true),
                Arguments.of(new ThreadDeathOfOurs(), "failed", "ThreadDeathOfOurs", "", true));
    }

    /** A throwable that is neither exception nor error. */
    static final class ThreadDeathOfOurs extends Throwable {
        private static final long serialVersionUID = 1L;

        ThreadDeathOfOurs() {
            super("");
        }
    }

    @ParameterizedTest
    @MethodSource("thrown")
    @DisplayName("R-012 whatever a handler throws, its event ends with that status, error and flag")
    void handler_throws_statusErrorAndFlag(
            Throwable thrown, String status, String name, String message, boolean retryable)
            throws InterruptedException {
        Event<Task> event = outcomeOf((task, run) -> {
            throw OutcomeTest.<RuntimeException>sneaky(thrown);
        });

        assertThat(event.status()).hasToString(status);
        assertThat(errorName(event)).isEqualTo(name);
        assertThat(errorMessage(event)).isEqualTo(message);
        assertThat(event.execution().retryable()).isEqualTo(retryable);
        assertThat(event.execution().response()).as("R-013 response is unset").isNull();
        assertThat(event.execution().duration())
                .as("R-013 duration is set on every path")
                .isNotNull();
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // throws what is not declared, on purpose
    private static <E extends Throwable> E sneaky(Throwable thrown) throws E {
        throw (E) thrown;
    }

    @Test
    @DisplayName("R-012 a group fails; one child that is not retryable, at any depth, makes it not retryable (R-018)")
    void handler_throwsGroup_failsByItsChildren() throws InterruptedException {
        var nested = new ExceptionGroup("inner", List.of(new ValidationException("bad")));

        Event<Task> event = outcomeOf((task, run) -> {
            throw new ExceptionGroup("outer", List.of(new IOException("pipe"), nested));
        });

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event)).isEqualTo("outer (2 sub-exceptions)");
        assertThat(event.execution().error().path("exceptions")).hasSize(2);
        assertThat(event.execution().retryable()).isFalse();
    }

    @Test
    @DisplayName("R-017 an error before the deadline wins: failed, not cancelled")
    void handler_throwsBeforeDeadline_fails() throws InterruptedException {
        Event<Task> event = outcomeOf(
                (task, run) -> {
                    throw new IllegalStateException("first");
                },
                Append.timeout(Duration.ofMinutes(1)));

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event)).isEqualTo("first");
    }

    @Test
    @DisplayName("R-010 after a success the error is null, not unset, and retryable is false")
    void handler_returns_errorIsNull() throws InterruptedException {
        Event<Task> event = outcomeOf((task, run) -> List.of(1, "two"));

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().response()).hasToString("[1,\"two\"]");
        assertThat(event.execution().error()).isEqualTo(NullNode.instance);
        assertThat(event.execution().retryable()).isFalse();
        assertThat(event.execution().startedAt())
                .isBeforeOrEqualTo(event.execution().finishedAt());
    }

    @Test
    @DisplayName("R-021 null is a response: JSON null once completed; unset while pending, running and after a failure")
    void response_nullAndUnset_areTwoThings() throws InterruptedException {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    running.countDown();
                    release.await();
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"));

        assertThat(event(tasks, id).execution().response()).isNull();
        assertThat(event(tasks, id).execution().error()).isNull();
        assertThat(event(tasks, id).execution().retryable()).isNull();
        tasks.execute();
        assertThat(running.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PROCESSING);
        assertThat(event(tasks, id).execution().response()).isNull();
        release.countDown();

        assertThat(ended(tasks, id).execution().response()).isEqualTo(NullNode.instance);
        assertThat(database.query("select response = 'null'::jsonb, error = 'null'::jsonb from outcome"))
                .containsExactly(List.of(true, true));
    }

    @Test
    @DisplayName("R-021 in the database unset is SQL NULL: the response of what failed")
    void response_ofFailed_isSqlNull() throws InterruptedException {
        outcomeOf((task, run) -> {
            throw new IllegalStateException("odd");
        });

        assertThat(database.text("select response is null and error is not null from outcome"))
                .isEqualTo("true");
    }

    static Stream<Arguments> unserializable() {
        Map<String, @Nullable Object> cycle = new HashMap<>();
        cycle.put("self", cycle);
        List<Object> deep = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            deep = new ArrayList<>(List.of(deep));
        }
        return Stream.of(
                Arguments.of("a cycle", cycle),
                Arguments.of("too deep", deep),
                Arguments.of("a bean that throws", new Unwritable(0)));
    }

    /** A bean that is not to be written. */
    record Unwritable(int divisor) {
        public int getQuotient() {
            return 1 / divisor;
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unserializable")
    @DisplayName("R-029 a response that cannot be written completes all the same, as \"<unserializable>\"")
    void handler_returnsUnserializable_completes(String what, Object response) throws InterruptedException {
        Event<Task> event = outcomeOf((task, run) -> response);

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(event.execution().response()).hasToString("\"<unserializable>\"");
    }

    @Test
    @DisplayName("R-014 the duration is that of the handler alone, without the time in the queue")
    void duration_excludesTheQueue() throws InterruptedException {
        Executor<Task> tasks = tasks().concurrencyLimit(1)
                .handler((task, run) -> new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS))
                .build();
        List<UUID> ids = append(tasks, 4);
        tasks.start();
        long begin = System.nanoTime();
        tasks.forward();
        Duration all = Duration.ofNanos(System.nanoTime() - begin);

        Duration sum = Duration.ZERO;
        for (UUID id : ids) {
            Duration duration = event(tasks, id).execution().duration();
            assertThat(duration).isGreaterThanOrEqualTo(Duration.ofMillis(100));
            sum = sum.plus(duration);
        }
        assertThat(sum).isLessThan(all); // they ran one after the other, so no time was counted twice
    }

    @Test
    @DisplayName("R-014 what never ran has no duration: skipped and cancelled while pending")
    void duration_ofWhatNeverRan_isUnset() {
        Executor<Task> tasks = tasks().build();
        List<UUID> ids = append(tasks, 2);
        tasks.skip(ids.get(0), "not needed");
        tasks.cancel(ids.get(1), "changed my mind");

        assertThat(ids).allSatisfy(id -> {
            assertThat(event(tasks, id).execution().duration()).isNull();
            assertThat(event(tasks, id).execution().startedAt()).isNull();
            assertThat(event(tasks, id).execution().finishedAt()).isNotNull();
        });
    }

    @Test
    @DisplayName("R-012 a handler that leaves its thread interrupted still settles")
    void handler_leavesInterruptFlag_completes() throws InterruptedException {
        Event<Task> event = outcomeOf((task, run) -> {
            Thread.currentThread().interrupt();
            return "done";
        });

        assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
    }
}
