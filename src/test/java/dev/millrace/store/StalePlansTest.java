package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.jdbc.PgConnection;

/**
 * The hot statements keep the plan they got on a connection while the tables were empty, and nothing has analyzed them
 * since: they must find their rows through indexes all the same, at any size.
 */
@PostgresTest
@LeavesRunningRows
class StalePlansTest {
    private static final int TIMES_UNTIL_KEPT = 12; // the driver prepares at the fifth, the server keeps at the tenth

    private final TestDatabase database;
    private final UUID worker = UUID.randomUUID();
    private HikariDataSource one;
    private List<String> before;
    private Store store;
    private int flow;
    private int lane;
    private int other;

    StalePlansTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void makePlansOnEmptyTables() {
        database.truncateAll();
        before = sequentialReads();
        for (String table : List.of("event", "ready", "running", "outcome", "attempt", "scheduled")) {
            database.execute("alter table " + table + " set (autovacuum_enabled = false)");
            database.execute("vacuum analyze " + table);
        }
        one = database.newPool(1);
        store = new Store(
                new Database(one, "millrace", Duration.ofSeconds(20)), Duration.ofSeconds(5), Duration.ofSeconds(5));
        flow = store.flows().open("stale").id();
        lane = store.flows().lanes(flow, List.of("task")).get("task");
        other = store.flows().lanes(flow, List.of("other")).get("other");
        for (int i = 0; i < TIMES_UNTIL_KEPT; i++) {
            assertThat(claimAll()).isEmpty();
            settleAndGiveBack(List.of());
        }
    }

    @AfterEach
    void close() {
        store.workers().close();
        for (String table : List.of("event", "ready", "running", "outcome", "attempt", "scheduled")) {
            database.execute("alter table " + table + " reset (autovacuum_enabled)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 10_000, 100_000})
    @DisplayName("Claim and settle read no table from end to end, though their plans are from when it was empty")
    void plans_madeOnEmptyTables_useIndexesAtAnySize(int size) throws SQLException {
        database.execute(
                "with e as (insert into event (id, flow, type, payload, priority)"
                        + " select gen_random_uuid(), ?, 'task', '{}', 0 from generate_series(1, ?) returning id)"
                        + " insert into ready (id, priority, lane, flow) select id, 0, ?, ? from e",
                flow,
                size,
                lane,
                flow);

        List<Claim> claims = claimAll();
        settleAndGiveBack(claims);
        claimAll();

        assertThat(claims).hasSize(60);
        endConnection(); // what it did is counted then
        assertThat(sequentialReads()).isEqualTo(before);
    }

    private List<Claim> claimAll() {
        List<Claim> claims = new ArrayList<>();
        claims.addAll(store.claims()
                .claim(worker, flow, List.of(lane), 20, Floor.FRONT)
                .claims());
        claims.addAll(store.claims()
                .claim(worker, flow, List.of(lane), 20, new Floor(-1, 0))
                .claims());
        claims.addAll(store.claims()
                .claim(worker, flow, List.of(lane, other), 20, Floor.FRONT)
                .claims());
        return claims;
    }

    private void settleAndGiveBack(List<Claim> claims) {
        int half = claims.size() / 2;
        List<Ended> ended = claims.subList(0, half).stream()
                .map(claim -> new Ended(claim.hold(), EventStatus.COMPLETED, Duration.ofMillis(1), "{}", "null", false))
                .toList();
        List<Returned> returned = claims.subList(half, claims.size()).stream()
                .map(claim -> new Returned(
                        claim.hold(),
                        new Settlement.Standing(0, 1, 0, 0),
                        Duration.ofHours(1),
                        Reason.RETRY,
                        "{}",
                        Duration.ofMillis(1)))
                .toList();
        assertThat(store.settlements().end(ended)).hasSize(half);
        assertThat(store.settlements().giveBack(returned)).hasSize(claims.size() - half);
    }

    private void endConnection() throws SQLException {
        long pid;
        try (Connection connection = one.getConnection()) {
            pid = connection.unwrap(PgConnection.class).getBackendPID();
        }
        one.close();
        database.await("select not exists (select from pg_stat_activity where pid = ?)", (int) pid);
    }

    private List<String> sequentialReads() {
        return database.list(
                String.class,
                "select relname || ' ' || seq_tup_read from pg_stat_user_tables"
                        + " where relname in ('event', 'ready', 'running', 'outcome') order by relname");
    }
}
