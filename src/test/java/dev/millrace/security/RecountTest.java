package dev.millrace.security;

import static dev.millrace.security.Rows.LONG;
import static dev.millrace.security.Rows.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.security.Rows.Task;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** Counts that no plain SQL brings apart from the rows for good. */
@NotPooled("sets settings of a session, and copies")
@PostgresTest
class RecountTest {
    private final TestDatabase database;

    RecountTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    @ParameterizedTest
    @DisplayName("13.1 truncating some of the tables of events is refused, and counts and limits hold")
    @ValueSource(
            strings = {
                "truncate ready",
                "truncate outcome",
                "truncate event cascade",
                "truncate ready, running, scheduled, outcome",
                "truncate flow cascade",
                "truncate event, ready cascade"
            })
    void truncate_ofSomeTables_isRefused(String statement) {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks =
                    millrace.executor("tasks", Task.class).maxQueueSize(7).build();
            List<UUID> ids = Rows.append(tasks, 5);
            tasks.skip(ids.getFirst(), "test");

            assertRefused(() -> database.execute(statement), "events and their states go together");

            assertThat(Rows.wrongCounts(database)).isEmpty();
            assertThat(Rows.append(tasks, 3)).hasSize(3);
            assertRefused(() -> Rows.append(tasks, 1), "Queue size (7) exceeds max (7)");
        }
    }

    @Test
    @DisplayName("13.1 truncating all tables of events counts what goes, flow by flow, and appends go on")
    void truncate_ofAllTables_isCounted() {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks =
                    millrace.executor("tasks", Task.class).maxQueueSize(5).build();
            Executor<Task> others = millrace.executor("others", Task.class).build();
            List<UUID> ids = Rows.append(tasks, 5);
            tasks.skip(ids.getFirst(), "test");
            Rows.append(others, 3);
            database.query("select append('others', 'task', '{}', delay => 100)");

            database.execute("truncate event, ready, scheduled, running, outcome cascade");

            assertThat(Rows.wrongCounts(database)).isEmpty();
            assertThat(tasks.statusCounts().values()).containsOnly(0L);
            assertThat(others.pendingCounts().scheduled()).isZero();
            assertThat(Rows.append(tasks, 5)).hasSize(5);
        }
    }

    @Test
    @DisplayName("13.1 truncating the counts makes them of the rows again")
    void truncate_ofCounts_countsAnew() {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks = Rows.tasks(millrace);
            Rows.append(tasks, 5);
            for (String tables : List.of("status_delta", "status_count", "status_count, status_delta")) {
                database.execute("truncate " + tables);
                assertThat(Rows.wrongCounts(database)).as(tables).isEmpty();
            }
            assertThat(tasks.statusCounts()).containsEntry(EventStatus.PENDING, 5L);
        }
    }

    @Test
    @DisplayName("13.1 a truncate that cannot count what goes is refused")
    void truncate_whileRepeatableRead_isRefused() throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("set default_transaction_isolation = 'repeatable read'");
            assertRefused(() -> statement.execute("truncate millrace.ready"), "truncate in one that is READ COMMITTED");
        }
    }

    @ParameterizedTest
    @DisplayName("13.1 what a row is about, and under what it is counted, cannot be changed")
    @ValueSource(
            strings = {
                "update ready set flow = flow + 1",
                "update ready set id = gen_random_uuid()",
                "update scheduled set flow = flow + 1",
                "update outcome set status = 2",
                "update outcome set flow = flow + 1",
                "update outcome set id = gen_random_uuid()",
                "update event set flow = flow + 1",
                "update event set type = 'x'"
            })
    void update_ofWhatARowIsAbout_isRefused(String statement) {
        database.query("select append('f', 't', '1')");
        database.query("select append('f', 't', '1', delay => 100)");
        database.query("select skip(append('f', 't', '1'), 'test')");

        assertRefused(() -> database.execute(statement), "of a row cannot be changed");

        database.execute("update ready set priority = 1, lane = -lane, attempt = 3, id = id, flow = flow");
        database.execute("update event set payload = '2', flow = flow");
        assertThat(Rows.wrongCounts(database)).isEmpty();
    }

    @Test
    @DisplayName("13.1 a COPY and a DELETE by the owner are counted")
    void copyAndDelete_ofRows_areCounted() throws Exception {
        database.query("select append('f', 't', '1') from generate_series(1, 3)");
        try (Connection connection = database.connect()) {
            StringReader lines =
                    new StringReader("%s\t1\t1\t1\n%s\t1\t1\t1\n".formatted(UUID.randomUUID(), UUID.randomUUID()));
            long unused = connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn("copy millrace.ready (id, priority, lane, flow) from stdin", lines);
        }
        assertThat(database.execute("delete from ready where ctid in (select ctid from ready limit 2)"))
                .isEqualTo(2);

        assertThat(Rows.wrongCounts(database)).isEmpty();
    }

    @Test
    @DisplayName("13.1 recount puts right what was changed without triggers, and says by how much")
    void recount_afterChangesWithoutTriggers_isExact() throws SQLException {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks = Rows.tasks(millrace);
            List<UUID> ids = Rows.append(tasks, 10);
            database.query("select append('others', 't', '1')");
            try (Connection connection = database.connect();
                    Statement statement = connection.createStatement()) {
                statement.execute("set session_replication_role = replica");
                statement.execute("delete from millrace.ready where id = '%s'".formatted(ids.getFirst()));
                statement.execute("update millrace.status_count set n = n + 4");
                statement.execute(
                        "insert into millrace.status_delta (flow, status, n) select id, 3, 2 from millrace.flow");
            }
            assertThat(Rows.wrongCounts(database)).isNotEmpty();

            assertThat(tasks.recount()).isGreaterThanOrEqualTo(3);
            assertThat(tasks.recount()).isZero();
            assertThat(tasks.statusCounts())
                    .containsEntry(EventStatus.PENDING, 9L)
                    .containsEntry(EventStatus.FAILED, 0L);
            assertThat(database.longValue("select recount('others')")).isPositive();
            assertThat(Rows.wrongCounts(database)).isEmpty();
            assertRefused(() -> database.query("select recount('none')"), "Flow 'none' not found");
        }
    }

    @Test
    @DisplayName(
            "13.1 recount is exact while workers append and drain, while counts are folded, and by several at once")
    void recount_underLoad_isExact() throws Exception {
        try (Millrace first = Millrace.connect(database.newPool(6));
                Millrace second = Millrace.connect(database.newPool(6));
                ExecutorService threads = Executors.newCachedThreadPool()) {
            Executor<Task> tasks = Rows.tasks(first);
            Executor<Task> same = Rows.tasks(second);
            tasks.execute();
            same.execute();
            AtomicBoolean enough = new AtomicBoolean();
            List<Future<?>> all = new ArrayList<>();
            all.add(threads.submit(() -> {
                while (!enough.get()) {
                    Rows.append(tasks, 20);
                }
            }));
            for (int i = 0; i < 3; i++) {
                all.add(threads.submit(() -> {
                    for (int round = 0; round < 30; round++) {
                        database.execute(
                                "insert into status_delta (flow, status, n) select id, ?, ? from flow",
                                round % 8,
                                round - 7);
                        long unused = same.recount();
                    }
                    return null;
                }));
            }
            for (Future<?> one : all.subList(1, all.size())) {
                one.get();
            }
            same.recount();
            assertThat(Rows.wrongCounts(database)).as("while it goes on").isEmpty();
            enough.set(true);
            all.getFirst().get();
            assertThat(tasks.join(LONG)).isTrue();
            database.await("select not exists (select from running)");

            assertThat(Rows.wrongCounts(database)).isEmpty();
            assertThat(Rows.wrongRows(database)).isEmpty();
        }
    }

    @Test
    @DisplayName("13.1 recount waits for no open transaction, and no append waits for it")
    void recount_withOpenTransactions_waitsForNobody() throws SQLException {
        database.query("select append('f', 't', '1')");
        try (Connection appender = database.connect();
                Connection owner = database.connect();
                Statement append = appender.createStatement();
                Statement recount = owner.createStatement()) {
            appender.setAutoCommit(false);
            owner.setAutoCommit(false);
            append.execute("select millrace.append('f', 't', '2')");
            recount.execute("set local lock_timeout = '10s'");
            recount.execute("select millrace.recount('f')");
            append.execute("select millrace.append('f', 't', '3')");
            appender.commit();
            owner.commit();
        }
        assertThat(Rows.wrongCounts(database)).isEmpty();
        assertThat(database.longValue("select pending from flow_status")).isEqualTo(3);
    }
}
