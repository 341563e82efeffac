package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.EventStatus;
import dev.millrace.event.RetryFilter;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import javax.sql.DataSource;
import javax.sql.XAConnection;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.xa.PGXADataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.LazyConnectionDataSourceProxy;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.support.TransactionTemplate;

/** A transaction that somebody else has begun stays theirs, whatever data source lends its connection to Millrace. */
class ForeignTransactionTest extends WithMillrace {
    private static final String REMEDY = "Give Millrace the pool itself";

    ForeignTransactionTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void makeTheirs() {
        database.execute("create table if not exists public.theirs (name text)");
        database.execute("truncate public.theirs");
    }

    private List<String> theirs() {
        return database.list(String.class, "select name from public.theirs order by name");
    }

    private static TransactionTemplate template(DataSource pool) {
        return new TransactionTemplate(new DataSourceTransactionManager(pool));
    }

    private static void insert(DataSource pool, String name) {
        new JdbcTemplate(pool).update("insert into public.theirs values (?)", name);
    }

    /** One of each kind of call. */
    private static List<ThrowingCallable> calls(Executor<Task> tasks, UUID id) {
        return List.of(
                tasks::statusCounts,
                () -> tasks.append(new Task("x")),
                () -> tasks.append(new Task("x"), Append.uniqueKey("key")),
                () -> tasks.appendAll(List.of(new Task("x"), new Task("y"))),
                () -> tasks.event(id),
                () -> tasks.pendingEvents().iterator().hasNext(),
                tasks::snapshot,
                () -> tasks.cancel(id, "x"),
                () -> tasks.pause("x"),
                tasks::cleanupEvents,
                () -> tasks.retryAll(RetryFilter.failed()),
                () -> tasks.progressions().add("mine"),
                tasks::forward);
    }

    private static void assertAllRefused(Executor<Task> tasks, UUID id) {
        for (ThrowingCallable call : calls(tasks, id)) {
            assertThatThrownBy(call)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining(REMEDY)
                    .hasMessageContaining("append(connection, …)");
        }
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    @DisplayName(
            "12.1 in a caller's transaction every call is refused before it does anything, and the transaction stays whole")
    void calls_inACallersTransaction_areRefusedAndLeaveItWhole(boolean autoCommit, boolean unwraps) {
        HikariDataSource pool = database.newPool(6, config -> config.setAutoCommit(autoCommit));
        DataSource joining = new Disguised(new TransactionAwareDataSourceProxy(pool)::getConnection, unwraps);
        Millrace millrace = opened(Millrace.connect(joining));
        Executor<Task> tasks = tasks(millrace).handler((task, run) -> null).build();
        UUID id = tasks.append(new Task("before"));
        tasks.start();
        Consumer<Boolean> transaction = fails -> template(pool).executeWithoutResult(status -> {
            insert(pool, fails ? "a" : "b");
            assertAllRefused(tasks, id);
            insert(pool, fails ? "c" : "d");
            if (fails) {
                throw new IllegalStateException("rolls back");
            }
        });

        assertThatThrownBy(() -> transaction.accept(true)).hasMessage("rolls back");
        assertThat(theirs()).isEmpty();
        transaction.accept(false);

        assertThat(theirs()).containsExactly("b", "d");
        assertThat(counts(tasks)).containsOnlyKeys(EventStatus.PENDING);
        assertThat(tasks.isPaused()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("12.1 also when the call is the first thing in the transaction, which has sent nothing yet")
    void calls_firstInACallersTransaction_areRefused(boolean unwraps) {
        HikariDataSource pool = database.newPool(6);
        DataSource joining = new Disguised(new TransactionAwareDataSourceProxy(pool)::getConnection, unwraps);
        Executor<Task> tasks = tasks(opened(Millrace.connect(joining)))
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("before"));
        tasks.start();

        assertThatThrownBy(() -> template(pool).executeWithoutResult(status -> {
                    assertAllRefused(tasks, id);
                    insert(pool, "a");
                    throw new IllegalStateException("rolls back");
                }))
                .hasMessage("rolls back");

        assertThat(theirs()).isEmpty();
        assertThat(counts(tasks)).containsOnlyKeys(EventStatus.PENDING);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("12.1 in a caller's read-only transaction too, whose connection lives on")
    void calls_inACallersReadOnlyTransaction_areRefused(boolean readsFirst) {
        HikariDataSource pool = database.newPool(6);
        DataSource joining = new Disguised(new TransactionAwareDataSourceProxy(pool)::getConnection, true);
        Executor<Task> tasks = tasks(opened(Millrace.connect(joining)))
                .handler((task, run) -> null)
                .build();
        UUID id = tasks.append(new Task("before"));
        tasks.start();
        TransactionTemplate readOnly = template(pool);
        readOnly.setReadOnly(true);

        List<Integer> processes = readOnly.execute(status -> {
            JdbcTemplate jdbc = new JdbcTemplate(pool);
            List<Integer> seen = new ArrayList<>();
            if (readsFirst) {
                seen.add(jdbc.queryForObject("select pg_backend_pid()", Integer.class));
            }
            assertAllRefused(tasks, id);
            seen.add(jdbc.queryForObject("select pg_backend_pid()", Integer.class));
            status.setRollbackOnly();
            return seen;
        });

        assertThat(processes.stream().distinct()).hasSize(1);
    }

    @Test
    @DisplayName("12.1 a data source that exists to join transactions is refused when connecting and migrating")
    void connect_dataSourceThatJoins_isRefused() {
        HikariDataSource pool = database.newPool(3);
        DataSource joining = new TransactionAwareDataSourceProxy(pool);

        for (DataSource source :
                List.of(joining, new DelegatingDataSource(joining), new LazyConnectionDataSourceProxy(joining))) {
            for (ThrowingCallable call :
                    List.<ThrowingCallable>of(() -> Millrace.connect(source), () -> Millrace.migrate(source))) {
                assertThatThrownBy(call)
                        .isInstanceOf(ConfigurationException.class)
                        .hasMessageContaining("TransactionAwareDataSourceProxy")
                        .hasMessageContaining(REMEDY);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("12.1 connecting and migrating within a caller's transaction are refused and do nothing")
    @NotPooled("migrates")
    void connect_inACallersTransaction_isRefused(boolean insertsFirst) {
        TestDatabase empty = database.empty();
        empty.execute("create table public.theirs (name text)");
        for (TestDatabase each : List.of(database, empty)) {
            HikariDataSource pool = each.newPool(3);
            DataSource joining = new Disguised(new TransactionAwareDataSourceProxy(pool)::getConnection, true);

            assertThatThrownBy(() -> template(pool).executeWithoutResult(status -> {
                        if (insertsFirst) {
                            insert(pool, "a");
                        }
                        assertThatThrownBy(() -> Millrace.migrate(joining)).hasMessageContaining(REMEDY);
                        assertThatThrownBy(() -> Millrace.connect(joining)).hasMessageContaining(REMEDY);
                        insert(pool, "b");
                        throw new IllegalStateException("rolls back");
                    }))
                    .hasMessage("rolls back");

            assertThat(each.list(String.class, "select name from public.theirs"))
                    .isEmpty();
        }
        assertThat(empty.longValue("select count(*) from pg_namespace where nspname = 'millrace'"))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("12.1 a lazy data source and pools with and without autocommit work, beside a caller's transaction")
    void calls_onPoolsThatLendTheirOwn_workBesideACallersTransaction(boolean autoCommit) throws Exception {
        HikariDataSource pool = database.newPool(8, config -> config.setAutoCommit(autoCommit));
        LazyConnectionDataSourceProxy lazy = new LazyConnectionDataSourceProxy(pool);
        for (DataSource source : List.of(pool, lazy, new Disguised(pool::getConnection, false))) {
            try (Millrace millrace = Millrace.connect(source)) {
                Executor<Task> tasks =
                        tasks(millrace).handler((task, run) -> task.name()).build();
                tasks.execute();

                assertThatThrownBy(() -> template(source).executeWithoutResult(status -> {
                            tasks.append(new Task("first"));
                            insert(source, "a");
                            tasks.append(new Task("second"));
                            assertThat(count(tasks, EventStatus.FAILED)).isZero();
                            throw new IllegalStateException("rolls back");
                        }))
                        .hasMessage("rolls back");

                assertThat(tasks.join(LONG)).isTrue();
            }
        }
        assertThat(theirs()).isEmpty();
        assertThat(database.longValue("select count(*) from outcome")).isEqualTo(6);
    }

    @Test
    @DisplayName("12.1 a transaction manager's connection, which refuses to be switched, is left to it")
    void calls_inAnXaTransaction_areRefusedAndLeaveItWhole() throws Exception {
        PGXADataSource xa = new PGXADataSource();
        xa.setUrl(database.jdbcUrl());
        XAConnection enlisted = xa.getXAConnection();
        XAResource resource = enlisted.getXAResource();
        Xid id = new Branch();
        boolean[] within = {false};
        HikariDataSource pool = database.newPool(3);
        Executor<Task> tasks = tasks(opened(Millrace.connect(
                        new Disguised(() -> within[0] ? enlisted.getConnection() : pool.getConnection(), true))))
                .build();
        try {
            within[0] = true;
            resource.start(id, XAResource.TMNOFLAGS);
            try (Connection connection = enlisted.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("insert into public.theirs values ('a')");
            }

            assertThatThrownBy(tasks::statusCounts)
                    .isInstanceOf(ConfigurationException.class)
                    .hasMessageContaining(REMEDY);
            assertThatThrownBy(() -> tasks.append(new Task("x"))).hasMessageContaining(REMEDY);

            resource.end(id, XAResource.TMSUCCESS);
            resource.rollback(id);
            within[0] = false;
            assertThat(theirs()).isEmpty();
            assertThat(counts(tasks)).isEmpty();
        } finally {
            enlisted.close();
        }
    }

    private record Branch() implements Xid {
        @Override
        public int getFormatId() {
            return 1;
        }

        @Override
        public byte[] getGlobalTransactionId() {
            return new byte[] {1};
        }

        @Override
        public byte[] getBranchQualifier() {
            return new byte[] {1};
        }
    }

    @Test
    @DisplayName(
            "12.1 a connection that refuses setAutoCommit serves single statements, and says what to give for more")
    void calls_onAConnectionThatRefusesSetAutoCommit_sayWhatToGive() {
        HikariDataSource pool = database.newPool(3);
        Executor<Task> tasks = tasks(
                        opened(Millrace.connect(new Disguised(() -> stubborn(pool.getConnection()), true))))
                .build();

        UUID id = tasks.append(new Task("x"));
        assertThat(tasks.event(id)).isPresent();
        assertThatThrownBy(tasks::snapshot)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("not allowed in a global transaction")
                .hasMessageContaining("give Millrace the pool itself");

        assertThat(pool.getHikariPoolMXBean().getActiveConnections()).isZero();
    }

    private static Connection stubborn(Connection connection) {
        return (Connection) java.lang.reflect.Proxy.newProxyInstance(
                ForeignTransactionTest.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                (self, method, arguments) -> {
                    if (method.getName().equals("setAutoCommit")) {
                        throw new SQLException("not allowed in a global transaction");
                    }
                    try {
                        return method.invoke(connection, arguments);
                    } catch (java.lang.reflect.InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
