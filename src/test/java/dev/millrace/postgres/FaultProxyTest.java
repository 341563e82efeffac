package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The proxy does to a connection what it says, so that the tests that use it mean what they say. */
@NotPooled("about the tests themselves")
@PostgresTest
class FaultProxyTest {
    private final TestDatabase database;
    private FaultProxy proxy;

    FaultProxyTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws IOException {
        proxy = new FaultProxy(database);
        database.execute("drop table if exists public.n");
        database.execute("create table public.n (n int)");
    }

    @AfterEach
    void close() throws IOException {
        proxy.close();
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection(proxy.url(database));
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private long rows() {
        return database.longValue("select count(*) from public.n");
    }

    @Test
    void proxy_untold_relays() throws SQLException {
        try (Connection connection = connect()) {
            run(connection, "insert into public.n values (1)");
            assertThat(rows()).isEqualTo(1);
        }
        assertThat(proxy.cuts()).isZero();
    }

    @Test
    void cutBefore_aStatement_leavesNothingDone() throws SQLException {
        try (Connection connection = connect()) {
            proxy.cutBefore("put", 1);

            assertThatThrownBy(() -> run(connection, "-- put: a row\ninsert into public.n values (1)"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));
        }
        assertThat(rows()).isZero();
        assertThat(proxy.cuts()).isEqualTo(1);
    }

    @Test
    void cutAnswer_ofAStatement_leavesItDone() throws SQLException {
        try (Connection connection = connect()) {
            proxy.cutAnswer("put", 1);

            assertThatThrownBy(() -> run(connection, "-- put: a row\ninsert into public.n values (1)"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).startsWith("08"));
        }
        assertThat(rows()).isEqualTo(1);
    }

    @Test
    void cutAnswer_ofAStatementPreparedLongAgo_isFoundByItsName() throws SQLException {
        try (Connection connection = connect();
                var statement = connection.prepareStatement("-- put: a row\ninsert into public.n values (?)")) {
            for (int i = 0; i < 20; i++) { // after five the driver sends only its name
                statement.setInt(1, i);
                statement.execute();
            }
            proxy.cutAnswer("put", 1);

            assertThatThrownBy(statement::execute).isInstanceOf(SQLException.class);
        }
        assertThat(rows()).isEqualTo(21);
    }

    @Test
    void cut_aroundACommit_decidesWhatIsDone() throws SQLException {
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            run(connection, "insert into public.n values (1)");
            proxy.cutBefore("COMMIT", 1);
            assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
        }
        assertThat(rows()).isZero();
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            run(connection, "insert into public.n values (1)");
            proxy.cutAnswer("COMMIT", 1);
            assertThatThrownBy(connection::commit).isInstanceOf(SQLException.class);
        }
        assertThat(rows()).isEqualTo(1);
    }

    @Test
    void swallow_then_heal_cutsWhatLostSomething() throws SQLException {
        try (Connection connection = connect()) {
            connection.setNetworkTimeout(Runnable::run, 200);
            proxy.swallow();
            assertThatThrownBy(() -> run(connection, "select 1")).isInstanceOf(SQLException.class);
            proxy.heal();
        }
        try (Connection connection = connect()) {
            run(connection, "insert into public.n values (1)");
        }
        assertThat(rows()).isEqualTo(1);
    }

    @Test
    void delay_ofAnswers_holdsThemBack() throws SQLException {
        try (Connection connection = connect()) {
            proxy.delay(Duration.ofMillis(50));
            long begin = System.nanoTime();
            run(connection, "select 1");
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(Duration.ofMillis(50));
        }
    }

    @Test
    void cutAll_connections_areCut() throws SQLException {
        try (Connection connection = connect()) {
            proxy.cutAll();
            assertThatThrownBy(() -> run(connection, "select 1")).isInstanceOf(SQLException.class);
        }
    }
}
