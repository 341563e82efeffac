package dev.millrace.security;

import static dev.millrace.security.Rows.LONG;
import static dev.millrace.security.Rows.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.security.Rows.Task;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many flows and types there may be, and how flows go. */
@NotPooled("becomes a role for a session")
@PostgresTest
class FlowBoundsTest {
    private final TestDatabase database;

    FlowBoundsTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    @ParameterizedTest
    @DisplayName("13.16 flows beyond the owner's limit are refused by every way, and nothing is stored")
    @ValueSource(
            strings = {
                "select append('c', 't', '1')",
                "select append_many('[{\"payload\": 1}, {\"payload\": 2, \"flow\": \"a\"}]', 'c', 't')",
                "insert into enqueue (flow, type, payload) values ('c', 't', '1')",
                "select open_flow('c')",
                "insert into flow (name) values ('c')"
            })
    void limitFlows_reached_isKept(String statement) {
        database.query("select limit_flows(2)");
        database.query("select append('a', 't', '1'), append('b', 't', '1')");

        assertRefused(() -> database.execute(statement), "flow 'c' was not made: there may be at most 2 flows");
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            assertRefused(() -> millrace.executor("c", Task.class).build(), "there may be at most 2 flows");
            millrace.executor("a", Task.class).build();
        }
        assertThat(database.longValue("select count(*) from event")).isEqualTo(2);

        database.query("select limit_flows(null)");
        database.query("select append('c', 't', '1')");
    }

    @Test
    @DisplayName("13.16 types beyond the owner's limit are refused, those that are there go on")
    void limitTypes_reached_isKept() {
        database.query("select limit_types(3)");
        database.query(
                "select append_many('[{\"type\": \"1\", \"payload\": 1}, {\"type\": \"2\", \"payload\": 2}]', 'a')");
        database.query("select append('b', '1', '1')");

        assertRefused(
                () -> database.query("select append('b', '2', '1')"),
                "event type '2' was not made: there may be at most 3 types in all flows");
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            assertRefused(() -> millrace.executor("b", Task.class).build(), "there may be at most 3 types");
        }
        database.query("select append('b', '1', '1')");
        database.query("select limit_types(1)");
        database.query("select append('b', '1', '1')");
        assertThat(database.longValue("select count(*) from lane")).isEqualTo(3);
        assertRefused(() -> database.query("select limit_types(0)"), "must be at least 1, got 0");
    }

    @Test
    @DisplayName("13.16 only the owner sets limits, recounts and drops")
    void ownersFunctions_byTheRoles_areRefused() throws SQLException {
        database.query("select append('f', 't', '1')");
        for (String role : List.of("millrace_append", "millrace_read", "millrace_work")) {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("set role " + role);
                for (String act : List.of(
                        "select millrace.limit_flows(1)",
                        "select millrace.limit_types(1)",
                        "select millrace.recount('f')",
                        "select millrace.settle_strays('f')",
                        "select millrace.drop_flow('f')",
                        "insert into millrace.setting (name, value) values ('max_flows', 100000)",
                        "update millrace.setting set value = 1",
                        "delete from millrace.setting")) {
                    assertThatThrownBy(() -> statement.execute(act))
                            .as(role + ": " + act)
                            .isInstanceOf(SQLException.class)
                            .extracting(e -> ((SQLException) e).getSQLState())
                            .isEqualTo("42501");
                }
            }
        }
    }

    @Test
    @DisplayName("13.16 numbers that rolled-back appends have used up come again, and those in use are passed over")
    void numbers_usedUp_comeAgain() {
        database.query("select append('a', 't', '1')");
        for (String table : List.of("flow", "lane")) {
            database.query("select setval(pg_get_serial_sequence(?, 'id'), 2147483647)", table);
        }

        database.query("select append('b', 't', '1')");

        assertThat(database.list(Integer.class, "select id from flow order by id"))
                .containsExactly(1, 2);
        assertThat(database.list(Integer.class, "select id from lane order by id"))
                .containsExactly(1, 2);
    }

    @Test
    @DisplayName("13.16 an empty flow is dropped with its types, progressions and keys, and may be made again")
    void dropFlow_empty_goes() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks = Rows.tasks(millrace);
            UUID id = tasks.append(new Task(1), Append.uniqueKey("k", UniqueScope.forever()));
            tasks.progressions().add("review");
            tasks.execute();
            assertThat(tasks.await(id, LONG)).isPresent();

            assertThatThrownBy(() -> millrace.dropFlow("tasks"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("it has events");
            assertThat(tasks.cleanupEvents()).isEqualTo(1);
            assertThatThrownBy(() -> millrace.dropFlow("tasks"))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("a live worker has an executor of it");
            tasks.close();
            database.await("select not exists (select from worker where lanes <> '{}')");
            millrace.dropFlow("tasks");

            for (String table : List.of("flow", "lane", "progression", "unique_key", "status_count", "status_delta")) {
                assertThat(database.longValue("select count(*) from " + table))
                        .as(table)
                        .isZero();
            }
            assertThatThrownBy(() -> millrace.dropFlow("tasks"))
                    .isInstanceOf(NotFoundException.class)
                    .hasMessageContaining("flow 'tasks' not found");
            assertThat(Rows.append(Rows.tasks(millrace), 2)).hasSize(2);
        }
    }

    @Test
    @DisplayName("13.16 an executor of a dropped flow appends nothing, by any way, and says why")
    void append_afterTheFlowWasDropped_isRefused() throws SQLException {
        try (Millrace millrace = Millrace.connect(database.newPool(4));
                Connection connection = database.connect()) {
            Executor<Task> tasks = Rows.tasks(millrace);
            database.query("select drop_flow('tasks')");

            for (Append options : List.of(
                    Append.defaults(),
                    Append.priority(1),
                    Append.uniqueKey("k"),
                    Append.delay(LONG),
                    Append.maxCrashes(3))) {
                assertThatThrownBy(() -> tasks.append(new Task(1), options))
                        .isInstanceOf(NotFoundException.class)
                        .hasMessageContaining("was dropped");
            }
            assertThatThrownBy(() -> Rows.append(tasks, 3)).isInstanceOf(NotFoundException.class);
            connection.setAutoCommit(false);
            assertThatThrownBy(() -> tasks.append(connection, new Task(1))).isInstanceOf(NotFoundException.class);
            connection.rollback();
            assertThat(database.longValue("select count(*) from event")).isZero();
        }
    }

    @Test
    @DisplayName("13.16 a drop does not wait for long, and loses no append that is under way")
    void dropFlow_duringAnAppend_isRefused() throws SQLException {
        database.query("select append('f', 't', '1')");
        database.query("select skip(id, 'test') from ready");
        database.query("select cleanup_events('f', array['skipped'])");
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("select millrace.append('f', 't', '1')");

            assertRefused(() -> database.query("select drop_flow('f')"), "did not end within 1s; try again");

            connection.commit();
        }
        assertRefused(() -> database.query("select drop_flow('f')"), "it has events");
        assertRefused(() -> database.execute("delete from lane"), "it has events");
        assertThat(Rows.wrongRows(database)).isEmpty();
        assertThat(database.longValue("select pending from flow_status")).isEqualTo(1);
    }

    @Test
    @DisplayName("13.16 the views of flows and types look at no queue of types and flows that have nothing due")
    void views_ofManyIdleTypes_areCheap() {
        database.execute("insert into flow (name) select 'f' || n from generate_series(1, 20) n");
        database.execute("insert into lane (flow, type) select f.id, 't' || n from flow f, generate_series(1, 1000) n");
        database.query("select append('f1', 't1', '1')");
        database.execute("analyze");

        assertThat(database.list(String.class, "explain (analyze, costs off) select * from flow_status"))
                .noneMatch(line -> line.contains("ready_claim") && line.contains("loops=20"));
        assertThat(database.list(String.class, "explain (analyze, costs off) select * from type_status"))
                .filteredOn(line -> line.contains("Function Scan on due_in"))
                .singleElement()
                .asString()
                .doesNotContain("loops=20000");
        assertThat(database.longValue("select sum(due) from type_status")).isEqualTo(1);
        assertThat(database.longValue("select count(waiting_since) from flow_status"))
                .isEqualTo(1);
    }

    @Test
    @DisplayName("13.16 a flow is not dropped in a transaction that does not see what was appended since it began")
    void dropFlow_inATransactionWithAnOlderView_isRefused() throws SQLException {
        database.query("select append('older', 't', '0')");
        database.execute("delete from event");
        for (String level : List.of("repeatable read", "serializable")) {
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("set default_transaction_isolation = '" + level + "'");

                assertThatThrownBy(() -> statement.execute("select millrace.drop_flow('older')"))
                        .isInstanceOf(SQLException.class)
                        .hasMessageContaining("Flow 'older' was not dropped")
                        .extracting(e -> ((SQLException) e).getSQLState())
                        .isEqualTo("25000");
            }
        }
        database.query("select drop_flow('older')");
        assertThat(database.longValue("select count(*) from flow")).isZero();
    }
}
