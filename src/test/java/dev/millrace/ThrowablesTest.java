package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.event.ExceptionGroup;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the application's code throws, its event ends in a defined status and the next ones run. */
class ThrowablesTest extends WithMillrace {
    ThrowablesTest(TestDatabase database) {
        super(database);
    }

    /** An error whose own methods throw. */
    private static final class Undescribable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no message");
        }

        @Override
        public String toString() {
            throw new IllegalStateException("no text");
        }

        @Override
        public StackTraceElement[] getStackTrace() {
            throw new IllegalStateException("no stack");
        }
    }

    private static Throwable circular() {
        RuntimeException one = new RuntimeException("one");
        one.initCause(new RuntimeException("two", one));
        return one;
    }

    private static Throwable withThousandCauses() {
        Throwable error = new IllegalStateException("the first");
        for (int i = 0; i < 1000; i++) {
            error = new IllegalStateException("because", error);
        }
        return error;
    }

    static Stream<Named<Supplier<Throwable>>> throwables() {
        return Stream.<Map.Entry<String, Supplier<Throwable>>>of(
                        Map.entry("RuntimeException", () -> new RuntimeException("unchecked")),
                        Map.entry("IOException", () -> new IOException("checked")),
                        Map.entry("no message", () -> new RuntimeException((String) null)),
                        Map.entry("AssertionError", () -> new AssertionError("an Error")),
                        Map.entry("LinkageError", () -> new NoClassDefFoundError("gone/Missing")),
                        Map.entry("StackOverflowError", StackOverflowError::new),
                        Map.entry("ExceptionInInitializerError", () -> new ExceptionInInitializerError("static")),
                        Map.entry("a Throwable of its own", () -> new Throwable("neither Exception nor Error")),
                        Map.entry("CancellationException", () -> new CancellationException("cancelled")),
                        Map.entry("TimeoutException", () -> new TimeoutException("user's own")),
                        Map.entry("a group", () -> new ExceptionGroup("several", List.of(new IOException("one")))),
                        Map.entry("circular causes", ThrowablesTest::circular),
                        Map.entry("a thousand causes", ThrowablesTest::withThousandCauses),
                        Map.entry("undescribable", Undescribable::new))
                .map(entry -> Named.of(entry.getKey(), entry.getValue()));
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // throws what is not declared, as code can
    private static <R, X extends Throwable> R sneakily(Throwable error) throws X {
        throw (X) error;
    }

    private void assertOthersRun(Executor<Task> tasks) throws InterruptedException {
        for (UUID id : append(tasks, 3)) {
            assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        }
        assertThat(tasks.isExecuting()).isTrue();
        assertThat(tasks.leakedThreads()).isZero();
        assertThat(millrace().fatalError()).isEmpty();
        assertThat(database.longValue("select count(*) from running")).isZero();
    }

    @ParameterizedTest
    @MethodSource("throwables")
    @DisplayName("A14 R-012 a handler that throws fails its event and nothing else")
    void handler_thatThrows_failsItsEvent(Supplier<Throwable> thrown) throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> task.name().equals("bad")
                        ? ThrowablesTest.<Object, RuntimeException>sneakily(thrown.get())
                        : task.name())
                .build();
        tasks.execute();

        assertThat(ended(tasks, tasks.append(new Task("bad"))).status()).isEqualTo(EventStatus.FAILED);
        assertOthersRun(tasks);
    }

    @ParameterizedTest
    @MethodSource("throwables")
    @DisplayName("A14 a handler's transaction that throws is rolled back and fails its event and nothing else")
    void transaction_thatThrows_failsItsEvent(Supplier<Throwable> thrown) throws InterruptedException {
        Executor<Task> tasks = tasks().handler(
                        (task, run) -> run.transaction(connection -> task.name().equals("bad")
                                ? ThrowablesTest.<Object, RuntimeException>sneakily(thrown.get())
                                : task.name()))
                .build();
        tasks.execute();

        assertThat(ended(tasks, tasks.append(new Task("bad"))).status()).isEqualTo(EventStatus.FAILED);
        assertOthersRun(tasks);
    }

    @ParameterizedTest
    @MethodSource("throwables")
    @DisplayName("G1 a permission check that throws puts its event off, and aborts it in the end, and nothing else")
    void permission_thatThrows_abortsItsEventInTheEnd(Supplier<Throwable> thrown) throws InterruptedException {
        Executor<Task> tasks = tasks().maxPermissionErrors(2)
                .permission(event -> event.payload().name().equals("bad")
                        ? ThrowablesTest.<Permission, RuntimeException>sneakily(thrown.get())
                        : Permission.granted())
                .handler((task, run) -> task.name())
                .build();
        tasks.execute();

        assertThat(ended(tasks, tasks.append(new Task("bad"))).status()).isEqualTo(EventStatus.ABORTED);
        assertOthersRun(tasks);
    }

    @ParameterizedTest
    @MethodSource("throwables")
    void retryPolicy_thatThrows_leavesItsEventFailed(Supplier<Throwable> thrown) throws InterruptedException {
        RetryPolicy policy = (failures, error) ->
                ThrowablesTest.<java.util.Optional<Duration>, RuntimeException>sneakily(thrown.get());
        Executor<Task> tasks = tasks().retry(policy)
                .handler((task, run) -> {
                    if (task.name().equals("bad")) {
                        throw new IllegalStateException("to be retried");
                    }
                    return task.name();
                })
                .build();
        tasks.execute();

        assertThat(ended(tasks, tasks.append(new Task("bad"))).status()).isEqualTo(EventStatus.FAILED);
        assertOthersRun(tasks);
    }
}
