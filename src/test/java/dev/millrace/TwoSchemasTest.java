package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.Fingerprint;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Millraces of one database, in schemas of any legal name, do not see each other: not by the library, not by SQL. */
@NotPooled("migrates schemas of its own, which needs a direct connection")
class TwoSchemasTest extends WithSql {
    /** Two words that mean something else to SQL, and the longest name there is. */
    private static final List<String> OTHERS = List.of("select", "user", "_" + "x".repeat(62));

    private static final String OTHER = OTHERS.getFirst();

    TwoSchemasTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void migrate() {
        for (String schema : OTHERS) {
            if (database.longValue("select count(*) from pg_namespace where nspname = ?", schema) == 0) {
                Fingerprint before = Fingerprint.of(database);
                Millrace.migrate(database.dataSource(), schema);
                assertThat(Fingerprint.of(database).rows()).isEqualTo(before.rows());
            }
            database.execute(
                    ("truncate %1$s.flow, %1$s.event, %1$s.ready, %1$s.scheduled, %1$s.running, %1$s.outcome, %1$s.worker,"
                                    + " %1$s.status_delta, %1$s.status_count cascade")
                            .formatted(quoted(schema)));
        }
    }

    private static String quoted(String schema) {
        return '"' + schema + '"';
    }

    private Millrace in(String schema) {
        return opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .schema(schema)
                .lease(Duration.ofSeconds(1))
                .connect());
    }

    @Test
    void work_inSchemasOfOddNames_isDoneInEachAlone() throws InterruptedException {
        UUID id = UUID.randomUUID();
        List<String> schemas = new ArrayList<>(OTHERS);
        schemas.add(Millrace.DEFAULT_SCHEMA);
        for (String schema : schemas) {
            Executor<Task> tasks = tasks(in(schema))
                    .handler((task, run) -> run.transaction(connection -> task.name()))
                    .build();
            tasks.append(new Task(schema), Append.uniqueKey("k").withId(id));
            tasks.start();
            tasks.execute();
            assertThat(ended(tasks, id).execution().response()).hasToString('"' + schema + '"');
            UUID bySql = database.list(
                            UUID.class,
                            "select %s.append('tasks', 'task', '{\"name\":\"sql\"}', unique_key => 'k')"
                                    .formatted(quoted(schema)))
                    .getFirst();
            assertThat(ended(tasks, bySql).execution().response()).hasToString("\"sql\"");
            tasks.pause("in " + schema);
            assertThat(database.text("select %s.inspect_state('tasks')".formatted(quoted(schema))))
                    .isEqualTo(tasks.inspectState())
                    .contains("completed: 2 events")
                    .endsWith(": in " + schema);
            assertThat(database.query("select running, alive from %s.worker_status".formatted(quoted(schema))))
                    .containsExactly(List.of(0L, true));
        }
    }

    @Test
    void notifications_ofOne_areNotHeardByTheOther() throws SQLException {
        for (String schema : List.of(OTHER, Millrace.DEFAULT_SCHEMA)) {
            Executor<Task> tasks =
                    tasks(in(schema)).handler((task, run) -> null).build();
            tasks.start();
            tasks.execute();
            database.await("select exists (select from %s.sleeper where flow > 0)".formatted(quoted(schema)));
        }
        try (Connection ear = database.connect();
                Statement statement = ear.createStatement()) {
            statement.execute("listen millrace");
            statement.execute("listen " + quoted(OTHER));
            database.query("select %s.append('tasks', 'task', '{\"name\":\"1\"}')".formatted(quoted(OTHER)));
            database.query("select %s.pause_flow('tasks')".formatted(quoted(OTHER)));
            statement.execute("notify " + quoted(OTHER) + ", 'mark'");

            List<String> heard = new ArrayList<>();
            while (!heard.contains(OTHER + " mark")) {
                PGNotification[] some = ear.unwrap(PGConnection.class).getNotifications(20_000);
                assertThat(some).isNotEmpty();
                Arrays.stream(some).forEach(one -> heard.add(one.getName() + " " + one.getParameter()));
            }
            assertThat(heard).allMatch(one -> one.startsWith(OTHER + " ")).anyMatch(one -> one.contains("pause"));
        }
    }

    @Test
    @LeavesRunningRows
    void rescue_inOne_takesNothingOfTheOther() {
        UUID dead = UUID.randomUUID();
        for (String schema : List.of(OTHER, Millrace.DEFAULT_SCHEMA)) {
            tasks(in(schema)).build().append(new Task(schema));
            String home = quoted(schema);
            database.execute(
                    "insert into %s.worker (id, host, pid, version, expires_at) values (?, 'mill', 7, '1', now())"
                            .formatted(home),
                    dead);
            database.execute("""
                    with taken as (delete from %1$s.ready returning *)
                    insert into %1$s.running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)
                    select id, ?, now(), priority, position, lane, flow, 1, 0, 0, 0 from taken
                    """.formatted(home), dead);
        }
        tasks(in(Millrace.DEFAULT_SCHEMA)).handler((task, run) -> null).build().start();

        database.await("select exists (select from ready where deaths = 1)");
        assertThat(database.longValue(
                        "select count(*) from %s.running where worker = ?".formatted(quoted(OTHER)), dead))
                .isEqualTo(1);
        assertThat(database.longValue("select count(*) from %s.worker where id = ?".formatted(quoted(OTHER)), dead))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"select\"", "\"select\", millrace, pg_catalog", "pg_temp, \"select\", public", "''"})
    void functions_calledUnderASearchPathThatNamesTheOther_actAtHome(String path) throws SQLException {
        Executor<Task> here = tasks().build();
        Executor<Task> there = tasks(in(OTHER)).build();
        UUID id = UUID.randomUUID();
        there.append(new Task("there"), Append.defaults().withId(id));
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("set search_path = " + path);
            for (String sql : List.of(
                    "select millrace.append('tasks', 'task', '{\"name\":\"here\"}', 1, unique_key => 'k', id => '" + id
                            + "')",
                    "select millrace.append_many('[{\"payload\":{\"name\":\"here\"}}]', 'tasks', 'task')",
                    "insert into millrace.enqueue (flow, type, payload) values ('tasks', 'task', '{\"name\":\"here\"}')",
                    "select millrace.reprioritize('" + id + "', 7)",
                    "select millrace.pause_flow('tasks', 'here')",
                    "select millrace.cancel('" + id + "', 'here')",
                    "select millrace.retry('" + id + "')",
                    "select millrace.skip(id, 'here') from millrace.members('tasks', 'pending', null, 1)")) {
                statement.execute(sql);
            }
            try (var row =
                    statement.executeQuery("select millrace.status('" + id + "'), millrace.inspect_state('tasks'),"
                            + " millrace.event('" + id + "') ->> 'payload',"
                            + " (select string_agg(n::text, ' ') from millrace.status_counts('tasks')),"
                            + " (select pending from millrace.flow_status)")) {
                row.next();
                assertThat(row.getString(1)).isEqualTo("cancelled");
                assertThat(row.getString(2)).isEqualTo(here.inspectState());
                assertThat(row.getString(3)).isEqualTo("{\"name\": \"here\"}");
                assertThat(row.getString(4)).isEqualTo("2 0 0 0 1 1 0");
                assertThat(row.getInt(5)).isEqualTo(2);
            }
        }
        assertThat(names(there, EventStatus.PENDING)).containsExactly("there");
        assertThat(there.isPaused()).isFalse();
    }

    @Test
    void roles_withoutUsageOfOneSchema_actInTheOtherOnly() throws SQLException {
        database.execute("revoke usage on schema \"select\" from millrace_append, millrace_read, millrace_work");
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            for (String[] call : new String[][] {
                {"millrace_append", "select %s.append('f', 't', '1')"},
                {"millrace_append", "insert into %s.enqueue (flow, type, payload) values ('f', 't', '1')"},
                {"millrace_read", "select * from %s.event_status"},
                {"millrace_read", "select * from %s.flow_status"},
                {"millrace_read", "select * from %s.members('f', 'pending')"},
                {"millrace_work", "delete from %s.ready"},
                {"millrace_work", "select %s.pause_flow('f')"}
            }) {
                statement.execute("set role " + call[0]);
                statement.execute(call[1].formatted("millrace"));
                assertThatThrownBy(() -> statement.execute(call[1].formatted("\"select\"")))
                        .isInstanceOf(SQLException.class)
                        .extracting(e -> ((SQLException) e).getSQLState())
                        .isEqualTo("42501");
            }
        } finally {
            database.query("select \"select\".grant_roles()");
        }
        assertThat(database.longValue("select count(*) from \"select\".event")).isZero();
    }

    @Test
    void drop_ofOneSchema_leavesTheOtherWhole() {
        Fingerprint before = Fingerprint.of(database);
        Millrace.migrate(database.dataSource(), "table");
        database.execute("drop schema \"table\" cascade");

        assertThat(Fingerprint.of(database)).isEqualTo(before);
        assertThat(tasks().build().append(new Task("1"))).isNotNull();
    }

    @Test
    void schema_ofANameThatIsNone_isRefusedByEveryWayInTheSameWords() {
        for (String name :
                List.of("", "Mill", "mill race", "m\"", "müller", "pg_x", "information_schema", "a.b", "a\u202Eb")) {
            assertThatThrownBy(() -> Millrace.builder().schema(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .satisfies(refusal -> assertThatThrownBy(() -> Millrace.migrate(database.dataSource(), name))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessage(refusal.getMessage()));
        }
    }
}
