package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Json;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.Plan;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * What is looked up by SQL is found by indexes, and as much is read as is asked for: of 21,600 events, analyzed, with every
 * setting of the planner as it is by default, and by functions whose plans are from when the tables were empty.
 */
@PostgresTest
@LeavesRunningRows
class ViewPlansTest {
    private static final int NUMBER = 3_000;
    private static final int PAGE = 100;
    private static final int TIMES_UNTIL_KEPT = 12;
    private static final Set<String> LARGE =
            Set.of("event", "ready", "scheduled", "running", "outcome", "progression_event", "unique_key");
    private static final String PROGRESSION = "stage 'one'";

    private final TestDatabase database;
    private Flood flood;
    private Connection connection;

    ViewPlansTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws SQLException {
        database.truncateAll();
        LARGE.forEach(table -> {
            database.execute("alter table " + table + " set (autovacuum_enabled = false)");
            database.execute("vacuum analyze " + table);
        });
        Flows flows = new Flows(new Database(database.newPool(1), "millrace", Duration.ofSeconds(20)));
        int flow = flows.open("flat").id();
        Map<String, Integer> lanes = flows.lanes(flow, List.of("task", "other"));
        flood = new Flood(flow, lanes.get("task"), lanes.get("other"), NUMBER);
        database.execute("insert into progression (flow, name) values (?, ?)", flow, PROGRESSION);
        connection = database.connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("set search_path = millrace");
        }
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
        LARGE.forEach(table -> database.execute("alter table " + table + " reset (autovacuum_enabled)"));
    }

    private void fill() throws SQLException {
        try (Connection filling = database.connect()) {
            flood.fill(filling);
        }
        database.execute(
                "insert into running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)"
                        + " select gen_random_uuid(), gen_random_uuid(), now() - n * interval '1 s', 0, n, ?, ?, 1, 0, 0, 0"
                        + " from generate_series(1, 2000) n",
                flood.lane(),
                flood.flow());
        database.execute("insert into progression_event (progression, position, event)"
                + " select p.id, row_number() over (order by o.position) - 1, o.id from outcome o, progression p");
    }

    @Test
    @DisplayName("Views are read by indexes, and no further than was asked")
    void views_lookedUpAndPaged_readNoMoreThanTheirAnswer() throws SQLException {
        fill();
        database.execute("analyze");
        SoftAssertions softly = new SoftAssertions();
        for (UUID id : List.of(Flood.id(5), flood.scheduled(5), flood.settled(5), new UUID(1, 1))) {
            assertBounded(softly, 10, "select * from event_status where id = ?", id);
        }
        assertBounded(softly, 60, "select * from flow_status where flow = 'flat'");
        assertBounded(
                softly,
                5,
                "select * from type_status where flow = 'flat'"); // two heads of queues, and what the function reads is
        // not counted
        String failed = "select id from progression_member where flow = 'flat' and progression = 'failed'";
        assertBounded(softly, 302, failed); // all 300, and nothing of any other
        assertBounded(softly, 302, failed + " order by due nulls first, major, minor limit 10");
        assertBounded(softly, 3, failed.replace("failed", "aborted"));
        softly.assertAll();
    }

    private void assertBounded(SoftAssertions softly, long most, String query, @Nullable Object... arguments)
            throws SQLException {
        Plan plan = Plan.of(connection, query, arguments);
        softly.assertThat(plan.scans())
                .as("%s %s", query, List.of(arguments))
                .noneMatch(scan -> scan.way().equals("Seq Scan") && LARGE.contains(scan.table()));
        softly.assertThat(plan.rows()).as("%s: %s", query, plan.scans()).isLessThanOrEqualTo(most);
    }

    @Test
    @DisplayName("Functions read as much as they answer, also by plans from empty tables")
    void functions_plannedOnEmptyTables_readNoMoreThanTheirAnswer() throws SQLException {
        Map<String, Integer> most = new LinkedHashMap<>();
        for (UUID id : List.of(Flood.id(5), flood.scheduled(5), flood.settled(5), new UUID(1, 1))) {
            most.put("select status('" + id + "')", 2);
            most.put("select event('" + id + "')", 2);
            most.put("select * from attempts('" + id + "')", 2);
        }
        for (String progression : List.of("pending", "completed", "failed", "stage ''one''")) {
            most.put("select * from members('flat', '%s')".formatted(progression), 2 * PAGE + 2);
        }
        most.put("select * from members('flat', 'processing')", 2_000); // all that runs
        most.put("select * from members('flat', 'pending', 'p,1700000001.5,0', 100)", 2 * PAGE + 2);
        most.put("select * from members('flat', 'pending', 't,2000-01-01T00:00:00Z,0', 100)", PAGE + 2);
        most.put("select * from members('flat', 'completed', 'a,,5000', 100)", PAGE + 2);
        most.put("select * from members('flat', 'stage ''one''', 'a,,5000', 100)", PAGE + 2);
        most.put("select inspect_state('flat')", 0);
        most.put("select pending_counts('flat')", 0);
        most.put("select * from failed('flat')", 2 * PAGE + 2);
        most.put(
                "select * from failed('flat', since => '2000-01-01', after => 't,2999-01-01T00:00:00Z,0')",
                2 * PAGE + 2);
        most.put("select failed_count('flat')", 0);
        most.put("select failed_count('flat', since => clock_timestamp() + interval '1 h')", 0);
        most.put("select * from latest_members('flat', 'completed')", PAGE + 2);
        most.put("select * from latest_members('flat', 'stage ''one''', size => 10)", 12);
        most.put("select skip_all('flat', 'why', size => 10)", 40);
        most.put("select skip('" + Flood.id(700) + "', 'why')", 4);
        most.put("select cancel('" + flood.scheduled(701) + "', 'why')", 4);
        most.put("select reprioritize('" + Flood.id(702) + "', 7)", 4);
        most.put("select retry('" + flood.settled(703) + "')", 4);
        most.put("select append('flat', 'task', '1', id => gen_random_uuid())", 2);
        most.put("select append('flat', 'task', '1', unique_key => 'key 5')", 6);
        most.put("select append_many('[{\"payload\": 1, \"unique_key\": \"key 6\"}]', 'flat', 'task')", 6);
        most.put("select append_many('[{\"payload\": 1, \"unique_key\": \"new\"}]', 'flat', 'task')", 6);
        for (int i = 0; i < TIMES_UNTIL_KEPT; i++) {
            for (String query : most.keySet()) {
                if (!query.contains("retry") && !query.contains("reprioritize")) {
                    rowsRead(query);
                }
            }
        }
        fill();

        SoftAssertions softly = new SoftAssertions();
        for (Map.Entry<String, Integer> query : most.entrySet()) {
            softly.assertThat(rowsRead(query.getKey())).as(query.getKey()).isLessThanOrEqualTo(query.getValue());
        }
        softly.assertAll();
    }

    @Test
    @DisplayName("12.5 type_status looks at 10,000 events of a type and at no more, however many are due")
    void typeStatus_ofALongQueue_isBounded() throws SQLException {
        database.execute(
                "insert into event (id, flow, type, payload, priority) values (?, ?, 'task', '1', 1)",
                Flood.id(1),
                flood.flow());
        queue(Flood.id(1), 1, 20_000);
        long unused = buffersOf("select * from type_status where due = 10000"); // reads the catalog
        long few = buffersOf("select * from type_status where due = 10000 and oldest_due is not null");
        queue(new UUID(7, 7), 20_001, 200_000);

        long many = buffersOf("select * from type_status where due = 10000 and oldest_due is not null");

        System.out.printf(
                "ViewPlansTest: type_status read %d buffers of 20,000 due events, %d of 200,000%n", few, many);
        assertThat(many).isLessThan(2 * few);
        String exact = "select n from status_counts('flat') where status = 'pending'";
        assertThat(database.longValue(exact)).isEqualTo(200_000);
    }

    /** Appends events of these priorities to the queue, the first under that id. */
    private void queue(UUID id, int first, int last) {
        database.execute(
                "insert into ready (id, priority, lane, flow) select case when n = ? then ? else gen_random_uuid() end, n, ?, ?"
                        + " from generate_series(?, ?) n",
                first,
                id,
                flood.lane(),
                flood.flow(),
                first,
                last);
        database.execute("analyze ready"); // not vacuumed: then the rows are read, beside the index
    }

    /** How many pages were read for a query that must answer one row, by it and by the functions it calls. */
    private long buffersOf(String query) throws SQLException {
        try (PreparedStatement statement =
                        connection.prepareStatement("explain (analyze, buffers, format json, timing off) " + query);
                ResultSet row = statement.executeQuery()) {
            row.next();
            JsonNode plan = Json.parse(row.getString(1)).get(0).get("Plan");
            assertThat(plan.get("Actual Rows").asDouble()).isEqualTo(1);
            return plan.get("Shared Hit Blocks").asLong()
                    + plan.get("Shared Read Blocks").asLong();
        }
    }

    /** Executes it, takes that back, and says how many rows of the large tables were read for it, whatever read them. */
    private long rowsRead(String query) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement(query)) {
            long before = rowsSoFar();
            statement.execute();
            return rowsSoFar() - before;
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    private long rowsSoFar() throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                        "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables"
                                + " where relname = any (?)");
                ResultSet row = query(statement)) {
            row.next();
            return row.getLong(1);
        }
    }

    private ResultSet query(PreparedStatement statement) throws SQLException {
        statement.setArray(1, connection.createArrayOf("text", LARGE.toArray()));
        return statement.executeQuery();
    }
}
