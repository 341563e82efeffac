package dev.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Whom the triggers of ready and scheduled notify, of what, and how often. */
@NotPooled("about notifications, which need a session")
@PostgresTest
class NotificationTest {
    private static final String READY =
            "insert into millrace.ready (id, priority, lane, flow) values (gen_random_uuid(), 0, 1, %d)";
    private static final String SCHEDULED =
            "insert into millrace.scheduled (id, run_at, priority, position, lane, flow)"
                    + " values (gen_random_uuid(), clock_timestamp() + interval '%d ms', 0, 1, 1, 1)";
    private static final String SLEEP = "insert into sleeper (flow, worker) select ?, id from worker";

    private final TestDatabase database;
    private Connection ear;
    private Connection writer;

    NotificationTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws SQLException {
        database.truncateAll();
        database.execute(
                "insert into worker (id, host, pid, version, expires_at) values (gen_random_uuid(), 'h', 1, '1', now() + interval '1 hour')");
        ear = database.connect();
        run(ear, "listen millrace");
        writer = database.connect();
    }

    @AfterEach
    void close() throws SQLException {
        ear.close();
        writer.close();
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** What has been said so far: a mark of the test's own comes after all of it. */
    private List<String> heard() throws SQLException {
        run(writer, "notify millrace, 'mark'");
        PGConnection connection = ear.unwrap(PGConnection.class);
        List<String> all = new java.util.ArrayList<>();
        while (!all.contains("mark")) {
            PGNotification[] some = connection.getNotifications(20_000);
            assertThat(some).isNotEmpty();
            Arrays.stream(some).map(PGNotification::getParameter).forEach(all::add);
        }
        all.remove("mark");
        return all;
    }

    @Test
    void insert_whileNobodySleeps_tellsNobody() throws SQLException {
        run(writer, READY.formatted(1));
        run(writer, SCHEDULED.formatted(1));

        assertThat(heard()).isEmpty();
    }

    @Test
    void insert_intoAFlowWithSleepers_tellsThemOnceATransaction() throws SQLException {
        database.execute(SLEEP, 1);
        writer.setAutoCommit(false);
        run(writer, READY.formatted(1));
        run(writer, READY.formatted(1));
        run(writer, READY.formatted(2)); // where nobody sleeps
        run(writer, SCHEDULED.formatted(1)); // which nobody promotes
        writer.commit();
        run(writer, READY.formatted(1));
        writer.commit();
        writer.setAutoCommit(true);

        assertThat(heard()).containsExactly("1", "1");
    }

    @Test
    void insert_rolledBack_tellsNobody() throws SQLException {
        database.execute(SLEEP, 1);
        writer.setAutoCommit(false);
        run(writer, READY.formatted(1));
        writer.rollback();
        writer.setAutoCommit(true);

        assertThat(heard()).isEmpty();
    }

    @Test
    void insert_ofWhatIsDueSoon_tellsThoseWhoPromote() throws SQLException {
        database.execute(SLEEP, 0);
        run(writer, SCHEDULED.formatted(3_600_000)); // their own next look comes before that
        assertThat(heard()).isEmpty();

        run(writer, SCHEDULED.formatted(1));
        run(writer, READY.formatted(1)); // where nobody sleeps

        assertThat(heard()).containsExactly("0");
    }

    @Test
    void promote_whatIsDue_tellsSleepersOfItsFlowAndWhenTheNextIsDue() throws SQLException {
        Database door = new Database(database.newPool(2), "millrace", Duration.ofSeconds(20));
        Schedule schedule = new Schedule(door, Timekeeper.DATABASE);
        assertThat(schedule.promote())
                .isEqualTo(new Schedule.Promoted(
                        java.util.Map.of(), java.util.Optional.empty(), java.util.Optional.empty()));
        run(writer, SCHEDULED.formatted(-1));
        run(writer, SCHEDULED.formatted(3_600_000));
        database.execute(SLEEP, 1);

        Schedule.Promoted promoted = schedule.promote();

        assertThat(promoted.flows()).isEqualTo(java.util.Map.of(1, 1));
        assertThat(promoted.untilNext().orElseThrow()).isBetween(Duration.ofMinutes(55), Duration.ofMinutes(60));
        assertThat(heard()).containsExactly("1");
    }

    @Test
    void declare_ofAWorkerThatIsGone_isRefused() {
        Sleepers sleepers = new Sleepers(new Database(database.newPool(2), "millrace", Duration.ofSeconds(20)));
        UUID worker = database.list(UUID.class, "select id from worker").getFirst();

        assertThat(sleepers.declare(1, worker)).isTrue();
        assertThat(sleepers.declare(1, worker)).as("again").isTrue();
        database.execute("delete from worker");

        assertThat(database.longValue("select count(*) from sleeper")).isZero();
        assertThat(sleepers.declare(1, worker)).isFalse();
        sleepers.withdraw(1, worker); // harmless
    }

    @Test
    void looks_whileMuchIsScheduled_readOnlyWhatIsDue() {
        database.execute(
                "insert into scheduled (id, run_at, priority, position, lane, flow)"
                        + " select gen_random_uuid(), now() + interval '1 day' + n * interval '1 s', 0, n, 1, 1 from generate_series(1, 20000) n");
        database.execute("analyze scheduled");
        Database door = new Database(database.newPool(2), "millrace", Duration.ofSeconds(20));

        assertThat(plan(door, "promote"))
                .as("the scans of scheduled")
                .containsPattern("Index Cond: \\(run_at <= .*statement_timestamp")
                .containsPattern("Index Cond: \\(run_at > .*statement_timestamp")
                .doesNotContain("Seq Scan on scheduled");
        assertThat(plan(door, "due_left"))
                .containsPattern("Index Cond: .*run_at <= .*statement_timestamp")
                .doesNotContain("Seq Scan on scheduled");
    }

    private String plan(Database door, String name) {
        String sql = door.sql(name)
                .replace(":batch", "1000")
                .replace(":flow", "1")
                .replace(":lanes", "'{1,-1}'")
                .replace(":now", "null"); // the database's clock
        return String.join("\n", database.list(String.class, "explain (costs off) " + sql));
    }
}
