package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Settings that a database or a pool may have for reasons of its own, from the first migration on, do not matter. */
@NotPooled("each of its databases is migrated, which needs a direct connection")
@PostgresTest
class DatabaseSettingsTest {
    private final TestDatabase database;

    DatabaseSettingsTest(TestDatabase database) {
        this.database = database;
    }

    /** What runs in the flow that is appended to by SQL. */
    record Task(String name) {}

    static Stream<Arguments> databaseSettings() {
        return Stream.of(
                Arguments.of("repeatable read", List.of("default_transaction_isolation = 'repeatable read'")),
                Arguments.of(
                        "serializable",
                        List.of(
                                "default_transaction_isolation = 'serializable'",
                                "default_transaction_deferrable = on")),
                Arguments.of("no search path", List.of("search_path = ''")),
                Arguments.of(
                        "a search path full of namesakes", List.of("search_path = evil, pg_temp, pg_catalog, public")),
                Arguments.of(
                        "another place on earth",
                        List.of(
                                "timezone = 'Asia/Kathmandu'",
                                "datestyle = 'SQL, DMY'",
                                "intervalstyle = 'sql_standard'")),
                Arguments.of(
                        "old strings",
                        List.of(
                                "standard_conforming_strings = off",
                                "escape_string_warning = off",
                                "backslash_quote = on")),
                Arguments.of(
                        "timeouts",
                        List.of(
                                "statement_timeout = '10s'",
                                "lock_timeout = '5s'",
                                "idle_in_transaction_session_timeout = '5s'",
                                "idle_session_timeout = '700ms'")),
                Arguments.of(
                        "a planner without loops and scans",
                        List.of(
                                "enable_nestloop = off",
                                "enable_indexscan = off",
                                "enable_bitmapscan = off",
                                "plan_cache_mode = force_generic_plan",
                                "jit_above_cost = 0")),
                Arguments.of(
                        "a planner without hashes and sorts",
                        List.of(
                                "enable_hashjoin = off",
                                "enable_mergejoin = off",
                                "enable_hashagg = off",
                                "enable_sort = off",
                                "enable_material = off",
                                "enable_seqscan = off",
                                "plan_cache_mode = force_custom_plan",
                                "work_mem = '64kB'")),
                Arguments.of(
                        "odds and ends",
                        List.of(
                                "extra_float_digits = -15",
                                "bytea_output = 'escape'",
                                "array_nulls = off",
                                "transform_null_equals = on",
                                "quote_all_identifiers = on",
                                "row_security = off",
                                "check_function_bodies = off",
                                "xmloption = 'document'",
                                "synchronous_commit = off",
                                "client_min_messages = debug1",
                                "default_toast_compression = 'pglz'",
                                "lc_numeric = 'C'")),
                Arguments.of("read-only unless said otherwise", List.of("default_transaction_read_only = on")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("databaseSettings")
    void database_withSettingsOfItsOwn_worksTheSame(String what, List<String> settings) throws Exception {
        TestDatabase other = database.empty();
        other.execute("create schema evil");
        for (String table : List.of("event", "ready", "running", "outcome", "status_delta", "flow")) {
            other.execute("create table evil." + table + " (id int)");
        }
        for (String setting : settings) {
            other.execute("alter database " + other.name() + " set " + setting);
        }

        play(other, config -> {});

        assertThat(other.longValue("select count(*) from evil.status_delta")).isZero();
    }

    /** Said in the session, since the driver brings some of its own: what scripts in other languages have. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("databaseSettings")
    void session_withSettingsOfItsOwn_worksTheSameBySql(String what, List<String> settings) throws Exception {
        database.truncateAll();
        try (Millrace millrace = Millrace.connect(database.newPool(4));
                Connection client = DriverManager.getConnection(database.directUrl() + "&preferQueryMode=simple");
                Statement statement = client.createStatement()) {
            millrace.executor("by sql", Task.class)
                    .pollInterval(Duration.ofMillis(20))
                    .handler((task, run) -> task.name())
                    .build()
                    .execute();
            statement.execute("create temp table event (id int)");
            statement.execute("create temp table status_delta (id int)");
            StringBuilder begin = new StringBuilder("begin read write");
            for (String setting : settings) {
                if (setting.startsWith("datestyle")) { // the driver refuses a session that has another
                    begin.append("; set local ").append(setting);
                } else {
                    statement.execute("set " + setting);
                }
            }

            new SqlScenario(client, begin.toString()).play();
        }
    }

    static Stream<Arguments> poolSettings() {
        return Stream.of(
                pool("no autocommit", config -> config.setAutoCommit(false)),
                pool("serializable", config -> config.setTransactionIsolation("TRANSACTION_SERIALIZABLE")),
                pool("repeatable read without autocommit", config -> {
                    config.setTransactionIsolation("TRANSACTION_REPEATABLE_READ");
                    config.setAutoCommit(false);
                }),
                pool("a schema of its own", config -> config.setSchema("pg_catalog")),
                pool("a statement first", config -> config.setConnectionInitSql("set search_path = pg_temp")),
                inUse("text only", config -> config.addDataSourceProperty("binaryTransfer", "false")),
                inUse("never prepared", config -> config.addDataSourceProperty("prepareThreshold", "0")),
                inUse("always prepared", config -> config.addDataSourceProperty("prepareThreshold", "1")),
                pool("savepoints", config -> config.addDataSourceProperty("autosave", "always")),
                pool("simple queries", config -> config.addDataSourceProperty("preferQueryMode", "simple")),
                inUse("untyped strings", config -> config.addDataSourceProperty("stringtype", "unspecified")),
                inUse("fetched in pieces", config -> config.addDataSourceProperty("defaultRowFetchSize", "3")));
    }

    private static Arguments pool(String what, Consumer<HikariConfig> settings) {
        return Arguments.of(what, true, settings);
    }

    /** Of how statements are sent, which is nothing to a migration: it need not be done again. */
    private static Arguments inUse(String what, Consumer<HikariConfig> settings) {
        return Arguments.of(what, false, settings);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("poolSettings")
    void pool_withSettingsOfItsOwn_worksTheSame(String what, boolean migrates, Consumer<HikariConfig> settings)
            throws Exception {
        play(migrates ? database.empty() : database.another(), settings);
    }

    @Test
    void append_toABoundedFlowInATransactionThatCannotSeeOthers_isRefused() throws SQLException {
        TestDatabase other = database.another();
        try (Millrace millrace = Millrace.connect(other.newPool(2));
                Connection connection = other.connect()) {
            Executor<BroadScenario.Work> bounded = millrace.executor("bounded", BroadScenario.Work.class)
                    .maxQueueSize(1)
                    .build();
            connection.setAutoCommit(false);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            try (Statement statement = connection.createStatement()) {
                statement.execute("select count(*) from millrace.ready"); // from here on it sees this moment
            }
            bounded.append(new BroadScenario.Work(1, "fills it"));

            assertThatThrownBy(() -> bounded.append(connection, new BroadScenario.Work(2, "one too many")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("READ COMMITTED");
            connection.commit();
            assertThat(bounded.statusCounts()).containsEntry(EventStatus.PENDING, 1L);
        }
    }

    private static void play(TestDatabase database, Consumer<HikariConfig> settings) throws Exception {
        HikariDataSource pool = database.newPool(6, settings);
        try (Millrace millrace = Millrace.builder().dataSource(pool).migrate().connect()) {
            new BroadScenario(millrace, pool).play();
        }
    }
}
