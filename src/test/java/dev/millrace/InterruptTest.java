package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Callers that are interrupted, on threads of both kinds: their calls end well or by the interrupt's name, and break no connection. */
class InterruptTest extends WithMillrace {
    InterruptTest(TestDatabase database) {
        super(database);
    }

    /** A thread that calls. */
    enum Caller {
        VIRTUAL,
        PLATFORM;

        /** Makes a call on a thread of its own. */
        Called call(ThrowingCallable body) {
            Called called = new Called();
            Runnable run = () -> called.make(body);
            called.thread = this == VIRTUAL
                    ? Thread.ofVirtual().unstarted(run)
                    : Thread.ofPlatform().unstarted(run);
            called.thread.start();
            return called;
        }

        /** Makes a call on a thread that is interrupted already. */
        Called callInterrupted(ThrowingCallable body) {
            return call(() -> {
                Thread.currentThread().interrupt();
                body.call();
            });
        }
    }

    /** A call on another thread. */
    static final class Called {
        private final CompletableFuture<Optional<Throwable>> thrown = new CompletableFuture<>();
        private final AtomicBoolean flag = new AtomicBoolean();
        private Thread thread;

        private void make(ThrowingCallable body) {
            Throwable error = catchThrowable(body);
            flag.set(Thread.interrupted());
            thrown.complete(Optional.ofNullable(error));
        }

        /** Whether its thread was interrupted when it had ended. */
        AtomicBoolean flag() {
            return flag;
        }

        void interrupt() {
            thread.interrupt();
        }

        /** What it threw; null for nothing. */
        Throwable end() throws Exception {
            return thrown.get(LONG.toSeconds(), TimeUnit.SECONDS).orElse(null);
        }
    }

    private static int process(HikariDataSource pool) throws SQLException {
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }

    private static Stream<ThrowingCallable> calls(Executor<Task> tasks, UUID id) {
        return Stream.of(
                () -> tasks.append(new Task("x")),
                () -> tasks.append(new Task("x"), Append.uniqueKey("key")),
                () -> tasks.appendAll(List.of(new Task("x"), new Task("y"))),
                () -> tasks.appendAll(Stream.of(new Task("x"), new Task("y"))),
                tasks::statusCounts,
                () -> tasks.event(id),
                () -> tasks.contains(id),
                tasks::snapshot,
                () -> tasks.pendingEvents().iterator().hasNext(),
                () -> tasks.pause("x"),
                tasks::resume,
                () -> tasks.progressions().add("mine"),
                () -> tasks.attempts(id),
                () -> tasks.cancel(id, "x"),
                () -> tasks.cleanupEvents(List.of(EventStatus.CANCELLED)));
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.24 a caller that is interrupted already is served, keeps the flag, and breaks no connection")
    @NotPooled("looks which session answers")
    void calls_ofAnInterruptedCaller_succeedAndKeepTheFlag(Caller caller) throws Exception {
        HikariDataSource pool = database.newPool(1);
        Executor<Task> tasks = tasks(opened(Millrace.connect(pool))).build();
        UUID id = tasks.append(new Task("first"));
        int process = process(pool);

        for (ThrowingCallable call : calls(tasks, id).toList()) {
            Called called = caller.callInterrupted(call);

            assertThat(called.end()).isNull();
            assertThat(called.flag()).isTrue();
        }

        assertThat(process(pool)).isEqualTo(process);
        assertThat(counts(tasks).get(EventStatus.PENDING)).isEqualTo(6);
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.24 so is one that connects, migrates, and appends in a transaction of its own")
    @NotPooled("migrates, and looks which session answers")
    void connectAndAppendWithin_ofAnInterruptedCaller_succeed(Caller caller) throws Exception {
        TestDatabase empty = database.empty();
        HikariDataSource pool = empty.newPool(4);

        Called called = caller.callInterrupted(() -> {
            try (Millrace millrace =
                    Millrace.builder().dataSource(pool).migrate().connect()) {
                Executor<Task> tasks = tasks(millrace).build();
                Thread.interrupted(); // the connection is the caller's own: taken with the flag down
                try (Connection connection = pool.getConnection()) {
                    connection.setAutoCommit(false);
                    Thread.currentThread().interrupt();
                    tasks.append(connection, new Task("x"));
                    tasks.append(connection, new Task("y"), Append.uniqueKey("key"));
                    assertThat(Thread.interrupted()).isTrue();
                    connection.commit();
                }
                Thread.currentThread().interrupt();
                assertThat(tasks.statusCounts()).containsEntry(EventStatus.PENDING, 2L);
            }
        });

        assertThat(called.end()).isNull();
        assertThat(called.flag()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.24 where InterruptedException is declared, an interrupted caller gets that, and nothing is done")
    void declaringCalls_ofAnInterruptedCaller_throwInterruptedException(Caller caller) throws Exception {
        Executor<Task> tasks = tasks().handler((task, run) -> task.name()).build();
        tasks.start();
        UUID id = tasks.append(new Task("first"));
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> tasks.invoke(id),
                tasks::forward,
                tasks::join,
                () -> tasks.join(LONG),
                () -> tasks.joinReport(LONG),
                () -> tasks.await(id, LONG),
                () -> tasks.appendAndAwait(new Task("x"), LONG))) {
            Called called = caller.callInterrupted(call);

            assertThat(called.end()).isInstanceOf(InterruptedException.class);
            assertThat(called.flag()).isFalse();
        }
        assertThat(counts(tasks)).isEqualTo(java.util.Map.of(EventStatus.PENDING, 1L));
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.24 an interrupt ends a wait for the pool, and says that nothing was stored")
    void append_interruptedWhileItWaitsForThePool_saysThatNothingWasStored(Caller caller) throws Exception {
        HikariDataSource pool = database.newPool(1);
        Executor<Task> tasks = tasks(opened(Millrace.connect(pool))).build();
        Called append;
        Called read;
        try (Connection held = pool.getConnection()) {
            assertThat(held.isValid(1)).isTrue();
            append = caller.call(() -> tasks.append(new Task("x")));
            read = caller.call(tasks::statusCounts);
            awaitWaiting(pool, 2);
            append.interrupt();
            read.interrupt();

            assertThat(append.end())
                    .isInstanceOf(CallInterruptedException.class)
                    .hasMessageContaining("interrupted")
                    .hasMessageContaining("nothing was stored");
            assertThat(((CallInterruptedException) append.end()).mayBeStored()).isFalse();
            assertThat(read.end())
                    .isInstanceOf(CallInterruptedException.class)
                    .hasMessageContaining("interrupted while waiting for the database; nothing was sent");
        }
        assertThat(append.flag()).isTrue();
        assertThat(read.flag()).isTrue();
        assertThat(counts(tasks)).isEmpty();
    }

    private void awaitWaiting(HikariDataSource pool, int threads) {
        for (int i = 0; pool.getHikariPoolMXBean().getThreadsAwaitingConnection() < threads && i < 1_000; i++) {
            database.query("select pg_sleep(0.01)");
        }
        assertThat(pool.getHikariPoolMXBean().getThreadsAwaitingConnection()).isEqualTo(threads);
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.24 also for invoke, by InterruptedException")
    void invoke_interruptedWhileItWaitsForThePool_throwsInterruptedException(Caller caller) throws Exception {
        HikariDataSource pool = database.newPool(1);
        Executor<Task> tasks = tasks(
                        opened(Millrace.builder().dataSource(pool).listen(false).connect()))
                .handler((task, run) -> task.name())
                .build();
        UUID id = tasks.append(new Task("x"));
        tasks.start();
        Called invoke;
        try (Connection held = pool.getConnection()) {
            assertThat(held.isValid(1)).isTrue();
            CountDownLatch started = new CountDownLatch(1);
            invoke = caller.call(() -> {
                started.countDown();
                tasks.invoke(id);
            });
            started.await();
            awaitState(invoke.thread);
            invoke.interrupt();

            assertThat(invoke.end()).isInstanceOf(InterruptedException.class);
        }
        assertThat(invoke.flag()).isFalse();
        assertThat(tasks.event(id).orElseThrow().status()).isEqualTo(EventStatus.PENDING);
    }

    private void awaitState(Thread thread) {
        for (int i = 0; thread.getState() != Thread.State.TIMED_WAITING && i < 1_000; i++) {
            database.query("select pg_sleep(0.01)");
        }
        assertThat(thread.getState()).isEqualTo(Thread.State.TIMED_WAITING);
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("12.24 an append whose connection an interrupt closes is done all the same, once")
    void append_interruptedWhileTheServerWorks_isStoredOnce(Caller caller) throws Exception {
        Executor<Task> tasks =
                tasks(opened(Millrace.connect(database.newPool(2)))).build();
        tasks.append(new Task("makes the flow"));
        Called append;
        try (Connection other = database.connectDirectly()) {
            lockEvents(other);
            append = caller.call(() -> tasks.append(new Task("x")));
            awaitLocked();
            append.interrupt();
            if (caller == Caller.VIRTUAL) { // its socket is closed; the server notices when the lock is free
                database.await("select count(*) = 2 from pg_locks where not granted");
            }
            other.rollback();
        }

        assertThat(append.end()).isNull();
        assertThat(append.flag()).isTrue();
        assertThat(names(tasks, EventStatus.PENDING)).containsExactly("makes the flow", "x");
    }

    private static void lockEvents(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("lock table millrace.event in exclusive mode");
        }
    }

    private void awaitLocked() {
        database.await("select exists (select from pg_locks where not granted)");
    }

    @Test
    @DisplayName("12.24 an append that was sent and can be repeated no more says what may be stored")
    void append_interruptedWhileTheServerWorksAndThenAway_saysWhatMayBeStored() throws Exception {
        HikariDataSource pool = database.newPool(2);
        AtomicBoolean away = new AtomicBoolean();
        Executor<Task> tasks = tasks(opened(Millrace.connect(new Disguised(
                        () -> {
                            if (away.get()) {
                                throw new SQLTransientConnectionException("gone", "08001");
                            }
                            return pool.getConnection();
                        },
                        true))))
                .build();
        tasks.append(new Task("makes the flow"));
        UUID id = UUID.randomUUID();
        Called append;
        try (Connection other = database.connectDirectly()) {
            lockEvents(other);
            append = Caller.VIRTUAL.call(
                    () -> tasks.append(new Task("x"), Append.defaults().withId(id)));
            awaitLocked();
            away.set(true);
            append.interrupt();

            assertThat(append.end())
                    .isInstanceOf(CallInterruptedException.class)
                    .hasMessageContaining(
                            "interrupted while appending, and it is not known whether the events were stored")
                    .hasMessageContaining(id.toString());
            other.rollback();
        }
        CallInterruptedException told = (CallInterruptedException) append.end();
        assertThat(told.mayBeStored()).isTrue();
        assertThat(told.ids()).containsExactly(id);
        assertThat(append.flag()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("12.24 an interrupt ends the patience with a database that is away")
    void append_whileTheDatabaseIsAway_endsByTheInterrupt(boolean before) throws Exception {
        HikariDataSource pool = database.newPool(2);
        AtomicBoolean away = new AtomicBoolean();
        CountDownLatch met = new CountDownLatch(1);
        Executor<Task> tasks = tasks(opened(Millrace.builder()
                        .dataSource(new Disguised(
                                () -> {
                                    if (away.get()) {
                                        met.countDown();
                                        throw new SQLTransientConnectionException("gone", "08001");
                                    }
                                    return pool.getConnection();
                                },
                                true))
                        .patience(Duration.ofHours(1))
                        .connect()))
                .build();
        away.set(true);
        for (Caller caller : Caller.values()) {
            ThrowingCallable call = () -> tasks.append(new Task("x"));
            Called append = before ? caller.callInterrupted(call) : caller.call(call);
            met.await();
            append.interrupt();

            assertThat(append.end())
                    .isInstanceOf(CallInterruptedException.class)
                    .hasMessageContaining("nothing was stored");
            assertThat(append.flag()).isTrue();
        }
        away.set(false);
        assertThat(counts(tasks)).isEmpty();
    }
}
