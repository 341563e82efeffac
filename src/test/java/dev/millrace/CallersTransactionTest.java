package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Appends in a caller's own transaction, by whatever connection: as true as that transaction, and nothing of it otherwise. */
class CallersTransactionTest extends WithMillrace {
    CallersTransactionTest(TestDatabase database) {
        super(database);
    }

    /** Where the caller's connection comes from. */
    enum Source {
        DRIVER,
        POOL,
        PROXY,
        PROXY_THAT_DOES_NOT_UNWRAP;

        ThreadTransactions of(TestDatabase database) {
            return new ThreadTransactions(
                    this == DRIVER ? database.dataSource() : database.newPool(2), this != PROXY_THAT_DOES_NOT_UNWRAP);
        }
    }

    private static final List<Task> MANY = List.of(new Task("2"), new Task("3"), new Task("4"));

    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();

    /** One of each way to append: at once, many, for later, with a key. */
    private static List<UUID> appendAll(Executor<Task> tasks, Connection connection) {
        List<UUID> ids = new ArrayList<>();
        ids.add(tasks.append(connection, new Task("1")));
        ids.addAll(tasks.appendAll(connection, MANY));
        ids.add(tasks.append(
                connection,
                new Task("later"),
                Append.defaults().withRunAt(Instant.now().plus(Duration.ofDays(1)))));
        ids.add(tasks.append(connection, new Task("5"), Append.uniqueKey("key")));
        return ids;
    }

    private Executor<Task> running() {
        Executor<Task> tasks = tasks().pollInterval(Duration.ofMillis(20))
                .handler((task, run) -> {
                    ran.add(task.name());
                    return null;
                })
                .build();
        tasks.execute();
        return tasks;
    }

    /** Whoever sleeps in any flow, so that the triggers would notify. */
    private void declareSleeper(Executor<Task> tasks) {
        tasks.append(new Task("makes the flow"));
        database.execute("truncate event, ready, scheduled, running, outcome, status_delta, status_count cascade");
        database.execute("insert into worker (id, host, pid, version, expires_at)"
                + " values (gen_random_uuid(), 'h', 1, '1', now() + interval '1 hour')");
        database.execute("insert into sleeper (flow, worker) select flow.id, worker.id from flow, worker");
    }

    private List<String> heard(Connection ear) throws SQLException {
        database.execute("notify millrace, 'mark'"); // comes after all that was said before
        List<String> all = new ArrayList<>();
        while (!all.contains("mark")) {
            PGNotification[] some = ear.unwrap(PGConnection.class).getNotifications(20_000);
            assertThat(some).isNotEmpty();
            Arrays.stream(some).map(PGNotification::getParameter).forEach(all::add);
        }
        all.remove("mark");
        return all;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private void assertNothingIsStored(Executor<Task> tasks, List<UUID> ids) {
        for (UUID id : ids) {
            assertThat(tasks.contains(id)).isFalse();
            assertThat(tasks.event(id)).isEmpty();
        }
        assertThat(counts(tasks)).isEmpty();
        for (String table :
                List.of("event", "ready", "scheduled", "unique_key", "expiry", "status_delta", "status_count")) {
            assertThat(database.longValue("select count(*) from " + table))
                    .as(table)
                    .isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void append_rolledBack_isNeverSeenNotifiedOrCounted(Source source) throws SQLException {
        Executor<Task> tasks = tasks().build();
        declareSleeper(tasks);
        try (Connection ear = database.connectDirectly();
                ThreadTransactions transactions = source.of(database)) {
            execute(ear, "listen millrace");
            transactions.begin();
            List<UUID> ids;
            try (Connection connection = transactions.getConnection()) {
                ids = appendAll(tasks, connection);
                assertNothingIsStored(tasks, ids); // nor before it ends
            }
            transactions.rollback();

            assertNothingIsStored(tasks, ids);
            assertThat(heard(ear)).isEmpty();

            transactions.begin(); // so that it is seen to hear
            try (Connection connection = transactions.getConnection()) {
                appendAll(tasks, connection);
            }
            assertThat(heard(ear)).isEmpty();
            transactions.commit();
            assertThat(heard(ear)).hasSize(1);
            assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 6L));
        }
    }

    @ParameterizedTest
    @EnumSource
    void append_committedOrRolledBackWhileAWorkerLooks_runsOnlyWhatWasCommitted(Source source) throws Exception {
        Executor<Task> tasks = running();
        try (ThreadTransactions transactions = source.of(database)) {
            transactions.begin();
            tasks.append(transactions.getConnection(), new Task("never"));
            transactions.rollback();
            transactions.begin();
            List<UUID> ids = appendAll(tasks, transactions.getConnection());
            transactions.commit();

            assertThat(ended(tasks, ids.getFirst()).status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(ended(tasks, ids.getLast()).status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(tasks.join(LONG)).isTrue();
        }
        assertThat(ran).containsExactlyInAnyOrder("1", "2", "3", "4", "5");
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 5L, EventStatus.PENDING, 1L));
    }

    @ParameterizedTest
    @EnumSource
    void append_aroundASavepoint_isAsTrueAsItsPart(Source source) throws SQLException {
        Executor<Task> tasks = tasks().build();
        try (ThreadTransactions transactions = source.of(database)) {
            transactions.begin();
            List<UUID> undone;
            try (Connection connection = transactions.getConnection()) {
                tasks.append(connection, new Task("before"));
                Savepoint savepoint = connection.setSavepoint();
                undone = appendAll(tasks, connection);
                connection.rollback(savepoint);
                tasks.append(connection, new Task("after"), Append.uniqueKey("key"));
                Savepoint kept = connection.setSavepoint();
                tasks.append(connection, new Task("kept"));
                connection.releaseSavepoint(kept);
            }
            transactions.commit();

            assertThat(tasks.pendingEvents())
                    .extracting(Event::payload)
                    .extracting(Task::name)
                    .containsExactly("before", "after", "kept");
            assertThat(undone).noneMatch(tasks::contains);
            assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 3L));
        }
    }

    @ParameterizedTest
    @EnumSource
    void append_onAConnectionThatCannotDoIt_isRefusedAndSaysWhy(Source source) throws SQLException {
        Executor<Task> tasks = tasks().build();
        try (ThreadTransactions transactions = source.of(database)) {
            try (Connection connection = transactions.getConnection()) {
                assertRefused(tasks, connection, "in autocommit mode");
            }
            transactions.begin();
            Connection closed = transactions.getConnection();
            closed.close();
            assertRefused(tasks, closed, "cannot be used");
            try (Connection connection = transactions.getConnection()) {
                execute(connection, "set transaction read only"); // which the connection does not know of
                assertThatThrownBy(() -> tasks.append(connection, new Task("x")))
                        .hasMessageContaining("cannot execute INSERT in a read-only transaction");
            }
            transactions.rollback();
            transactions.begin();
            try (Connection connection = transactions.getConnection()) {
                assertThatThrownBy(() -> execute(connection, "select 1 / 0")).isInstanceOf(SQLException.class);
                assertThatThrownBy(() -> tasks.append(connection, new Task("x")))
                        .hasMessageContaining("division by zero"); // what aborted the transaction
            }
            transactions.rollback();
        }
        assertNothingIsStored(tasks, List.of());
    }

    private static void assertRefused(Executor<Task> tasks, Connection connection, String why) {
        assertThatThrownBy(() -> tasks.append(connection, new Task("x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }

    @Test
    void append_onAConnectionSetReadOnly_isRefused() throws SQLException {
        Executor<Task> tasks = tasks().build();
        try (Connection connection = database.connect()) {
            connection.setReadOnly(true);
            connection.setAutoCommit(false);

            assertRefused(tasks, connection, "read-only");
            connection.rollback();
            assertThatThrownBy(() -> tasks.appendAll(connection, MANY))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("read-only");
            connection.rollback();
        }
        assertNothingIsStored(tasks, List.of());
    }
}
