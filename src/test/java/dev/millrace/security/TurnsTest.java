package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.OnConflict;
import dev.millrace.event.QueueFullException;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** A client that leaves its transaction open holds up who appends to the same bounded flow, and nobody else. */
@PostgresTest
class TurnsTest {
    private static final int LIMIT = 3;

    private final TestDatabase database;
    private Millrace millrace;
    private Executor<Task> tasks;

    TurnsTest(TestDatabase database) {
        this.database = database;
    }

    record Task(int number) {}

    @BeforeEach
    void open() {
        database.truncateAll();
        millrace = Millrace.connect(database.newPool(6));
        tasks = bounded(LIMIT);
        tasks.start();
    }

    private Executor<Task> bounded(int limit) {
        return millrace.executor("bounded", Task.class)
                .maxQueueSize(limit)
                .voidHandler((task, run) -> {})
                .build();
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    /** Fails instead of waiting. */
    private static void now(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set lock_timeout = '10s'");
            statement.execute(sql);
        }
    }

    @Test
    @DisplayName(
            "13.14 while an appender's transaction to a bounded flow is open, the flow can be paused, resumed and given another limit")
    void pause_whileAnAppendIsOpen_waitsForNobody() throws Exception {
        try (Connection open = database.connect();
                Connection operator = database.connectDirectly()) {
            open.setAutoCommit(false);
            tasks.append(open, new Task(1), Append.defaults());
            now(operator, "set search_path = millrace");

            now(operator, "select pause_flow('bounded', 'emergency')");
            assertThat(tasks.isPaused()).isTrue();
            now(operator, "select resume_flow('bounded')");
            tasks.pause("again");
            tasks.resume();
            assertThat(tasks.isPaused()).isFalse();
            now(operator, "update flow set max_pending = 1 where name = 'bounded'");
            Executor<Task> wider = bounded(2);

            open.commit();
            UUID unused = wider.append(new Task(2));
            assertThatThrownBy(() -> wider.append(new Task(3))).isInstanceOf(QueueFullException.class);
            assertThatThrownBy(() -> tasks.append(new Task(3)))
                    .as("the limit is the flow's")
                    .isInstanceOf(QueueFullException.class);
        }
    }

    @Test
    @DisplayName("13.14 to append again by SQL waits for such a transaction for two seconds, and is refused then")
    void retry_whileAnAppendIsOpen_isRefusedSoon() throws Exception {
        UUID done = tasks.append(new Task(0));
        assertThat(tasks.forward()).isOne();
        try (Connection open = database.connect();
                Connection operator = database.connectDirectly()) {
            open.setAutoCommit(false);
            tasks.append(open, new Task(1), Append.defaults());

            assertThatThrownBy(() -> now(operator, "select millrace.retry('" + done + "')"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55P03"));
            assertThatThrownBy(() -> now(operator, "select millrace.retry_all('bounded', array['completed'])"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55P03"));

            open.rollback();
            now(operator, "select millrace.retry('" + done + "')");
        }
        assertThat(tasks.forward()).isOne();
    }

    @Test
    @DisplayName(
            "13.14 clean-up passes over an event whose unique key somebody takes over, and comes back to the event")
    void cleanUp_whileAKeyIsTakenOver_waitsForNobody() throws Exception {
        Append keyed = Append.uniqueKey("order-1", UniqueScope.untilSettled()).onConflict(OnConflict.REPLACE_PENDING);
        tasks.append(new Task(0), keyed);
        tasks.append(new Task(1));
        assertThat(tasks.forward()).isEqualTo(2);
        try (Connection open = database.connect();
                Connection operator = database.connectDirectly()) {
            open.setAutoCommit(false);
            tasks.append(open, new Task(2), keyed);

            now(operator, "select millrace.cleanup_events('bounded', array['completed'], interval '0')");
            assertThat(database.longValue("select count(*) from outcome")).isOne();

            open.rollback();
            now(operator, "select millrace.cleanup_events('bounded', array['completed'], interval '0')");
        }
        assertThat(database.longValue("select count(*) from outcome")).isZero();
        assertThat(database.longValue("select count(*) from unique_key")).isZero();
    }
}
