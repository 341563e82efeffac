package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.MillraceException;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults of a real server and a real pool, each told in its own words. */
@NotPooled("about what a server says itself, and settings of sessions")
class FaultWordsTest extends WithMillrace {
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final String REPEAT = "roll back and repeat the transaction as a whole";

    FaultWordsTest(TestDatabase database) {
        super(database);
    }

    private Millrace impatient(HikariDataSource pool) {
        return Millrace.builder().dataSource(pool).patience(SHORT).connect();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private Connection begun(String... statements) throws SQLException {
        Connection connection = database.connect();
        connection.setAutoCommit(false);
        for (String statement : statements) {
            execute(connection, statement);
        }
        return connection;
    }

    @Test
    @DisplayName("12.8 a pool that the application has exhausted is not a database that does not answer")
    void append_poolExhaustedByTheApplication_saysSo() throws SQLException {
        HikariDataSource pool = database.newPool(2, config -> config.setConnectionTimeout(250));
        Executor<Task> tasks = tasks(opened(impatient(pool))).build();
        try (Connection one = pool.getConnection();
                Connection two = pool.getConnection()) {
            assertThat(one).isNotEqualTo(two);
            assertThatThrownBy(() -> tasks.append(new Task("x")))
                    .isExactlyInstanceOf(ConnectionException.class)
                    .hasMessageContaining(
                            "no connection of the pool came free in time, all are in use, tried for PT0.3S; last: ")
                    .hasMessageContaining("total=2, active=2")
                    .hasMessageContaining("make the pool larger")
                    .hasMessageContaining("nothing was stored");
        }
    }

    @Test
    @DisplayName("12.8 a pool that is closed is told so at once")
    void statusCounts_poolClosed_saysSo() {
        HikariDataSource pool = database.newPool(2);
        try (Millrace millrace = Millrace.connect(pool)) {
            Executor<Task> tasks = tasks(millrace).build();
            pool.close();

            assertThatThrownBy(tasks::statusCounts)
                    .isExactlyInstanceOf(MillraceException.class)
                    .hasMessageContaining("the pool of connections is closed")
                    .hasMessageContaining("close Millrace before its pool");
        }
    }

    @Test
    @DisplayName("12.8 a server without a connection left, a role that may not log in, a host that is not known")
    void connect_whereThereIsNoWayIn_saysWhy() {
        String role = database.name() + "_r";
        String url = database.jdbcUrl().replaceFirst("user=[^&]*", "user=" + role);
        database.execute("create role " + role + " login connection limit 0");
        try {
            assertThatThrownBy(() -> connect(url))
                    .isInstanceOf(ConnectionException.class)
                    .hasMessageContaining("the server has no connection left")
                    .hasMessageContaining("[53300]");
            database.execute("alter role " + role + " nologin");
            assertThatThrownBy(() -> connect(url))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("the server rejects the login")
                    .hasMessageContaining("[28000]");
        } finally {
            database.execute("drop role " + role);
        }
        assertThatThrownBy(() -> connect("jdbc:postgresql://no-such-host.invalid/x?user=u"))
                .isInstanceOf(ConnectionException.class)
                .hasMessageContaining("the database's host is not known, tried for PT0.3S");
    }

    private static void connect(String url) {
        Millrace.builder().jdbcUrl(url).patience(SHORT).connect().close();
    }

    @Test
    @DisplayName("12.8 a schema that lacks a table is told so")
    void append_toASchemaThatLacksATable_saysSo() {
        TestDatabase other = database.another();
        try (Millrace millrace = Millrace.connect(other.newPool(2))) {
            Executor<Task> tasks = tasks(millrace).build();
            other.execute("alter table millrace.ready rename to elsewhere");

            assertThatThrownBy(() -> tasks.append(new Task("x")))
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining("the schema lacks what this Millrace needs")
                    .hasMessageContaining("[42P01]")
                    .hasMessageContaining("look at the schema's version");
        }
    }

    @Test
    @DisplayName("12.8 a deadlock in the caller's own transaction is called one, and the transaction must be repeated")
    void append_deadlockInTheCallersTransaction_saysSo() throws Exception {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("makes the flow"));
        try (Connection one = begun();
                Connection two = begun()) {
            tasks.append(one, new Task("1"), Append.uniqueKey("a"));
            tasks.append(two, new Task("2"), Append.uniqueKey("b"));
            CompletableFuture<Throwable> first = CompletableFuture.supplyAsync(
                    () -> catchAndRollBack(one, () -> tasks.append(one, new Task("3"), Append.uniqueKey("b"))));
            Throwable second = catchAndRollBack(two, () -> tasks.append(two, new Task("4"), Append.uniqueKey("a")));
            Throwable other = first.get(LONG.toSeconds(), TimeUnit.SECONDS);

            assertThat(other == null ? second : other)
                    .isExactlyInstanceOf(ConnectionException.class)
                    .hasMessageContaining("the server ended a deadlock by rolling this transaction back")
                    .hasMessageContaining("[40P01]")
                    .hasMessageContaining(REPEAT);
        }
    }

    private static Throwable catchAndRollBack(
            Connection connection, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        Throwable thrown = catchThrowable(call);
        try {
            connection.rollback(); // so that the other can go on
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
        return thrown;
    }

    @Test
    @DisplayName("12.8 a serialization failure in the caller's own transaction is called one")
    void append_serializationFailureInTheCallersTransaction_saysSo() throws SQLException {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("makes the flow"));
        try (Connection connection = begun("set transaction isolation level repeatable read", "select 1")) {
            tasks.append(new Task("other"), Append.uniqueKey("key"));

            assertThatThrownBy(() -> tasks.append(connection, new Task("x"), Append.uniqueKey("key")))
                    .isExactlyInstanceOf(ConnectionException.class)
                    .hasMessageContaining("the transaction met what another wrote, and was rolled back")
                    .hasMessageContaining("[40001]")
                    .hasMessageContaining(REPEAT);
            connection.rollback();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "lock_timeout, a lock was not had in time, 55P03",
        "statement_timeout, the server canceled the statement, 57014"
    })
    @DisplayName("12.8 timeouts of locks and statements in the caller's own transaction are called so")
    void append_timeoutInTheCallersTransaction_saysWhich(String setting, String words, String code)
            throws SQLException {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("makes the flow"));
        try (Connection other = begun("lock table millrace.event in exclusive mode");
                Connection connection = begun("set local " + setting + " = '50ms'")) {
            assertThatThrownBy(() -> tasks.append(connection, new Task("x")))
                    .isExactlyInstanceOf(ConnectionException.class)
                    .hasMessageContaining(words)
                    .hasMessageContaining("[" + code + "]")
                    .hasMessageContaining(setting)
                    .hasMessageContaining(REPEAT);
            connection.rollback();
            other.rollback();
        }
    }

    @Test
    @DisplayName("12.8 a transaction that had failed before is called so, with its first error")
    void append_inAFailedTransaction_saysWhatFailedFirst() throws SQLException {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("makes the flow"));
        try (Connection connection = begun()) {
            assertThatThrownBy(() -> execute(connection, "select 1 / 0")).isInstanceOf(SQLException.class);

            assertThatThrownBy(() -> tasks.append(connection, new Task("x")))
                    .isExactlyInstanceOf(MillraceException.class)
                    .hasMessageContaining("an earlier statement of the transaction failed: division by zero")
                    .hasMessageContaining("roll the transaction back");
            connection.rollback();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "0; the server shuts down, or an administrator ended the connection",
                "50ms; the server ended a transaction that stood idle"
            })
    @DisplayName("12.8 a session that was ended under the caller's own transaction says who ended it")
    void append_onASessionThatWasEnded_saysWhy(String idle, String words) throws SQLException {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("makes the flow"));
        try (Connection connection = database.connect()) {
            execute(connection, "set idle_in_transaction_session_timeout = '" + idle + "'");
            connection.setAutoCommit(false);
            int process = process(connection);
            if (idle.equals("0")) {
                database.query("select pg_terminate_backend(?)", process);
            }
            database.await("select not exists (select from pg_stat_activity where pid = ?)", process);

            assertThatThrownBy(() -> tasks.append(connection, new Task("x")))
                    .isExactlyInstanceOf(ConnectionException.class)
                    .hasMessageContaining(words)
                    .hasMessageContaining(REPEAT);
        }
    }

    private static int process(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
            row.next();
            return row.getInt(1);
        }
    }
}
