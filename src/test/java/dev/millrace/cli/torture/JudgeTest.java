package dev.millrace.cli.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Histories that are right pass, and doctored ones are found out. */
@PostgresTest
class JudgeTest {
    private final TestDatabase database;
    private final UUID one = new UUID(1, 1);
    private final UUID other = new UUID(2, 2);

    JudgeTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void audit() {
        database.truncateAll();
        database.execute(Database.sql("audit"));
    }

    @AfterEach
    void removeAudit() {
        database.execute("drop schema torture cascade");
        database.truncateAll();
    }

    private List<String> violations(Invariant invariant) {
        return database.list(String.class, Database.sql(invariant.wireName()));
    }

    private void event(UUID id, String metadata) {
        database.execute(
                "insert into event (id, flow, type, payload, priority, metadata) values (?, 1, 't', '{}', 1, ?::jsonb)",
                id,
                metadata);
    }

    private void ended(UUID id, int status) {
        database.execute(
                "insert into outcome (id, flow, attempt, status) values (?, 1, 0, ?::int::smallint)", id, status);
    }

    private void move(UUID id, String what, int attempt, int second) {
        database.execute(
                "insert into torture.move (id, what, attempt, at, status) values (?, ?::\"char\", ?,"
                        + " timestamptz '2030-01-01 00:00Z' + ? * interval '1 second', 2)",
                id,
                what,
                attempt,
                second);
    }

    private void said(String what, UUID id, int second) {
        database.execute(
                "insert into torture.steer_line values (?::\"char\", ?, timestamptz '2030-01-01 00:00Z' + ? * interval '1 second')",
                what,
                id,
                second);
    }

    @Test
    void phantom_asOftenAsTried_passes_andOnceMore_doesNot() {
        event(one, "{}");
        event(other, "{\"original\": {\"id\": \"" + one + "\"}}");
        database.execute("insert into torture.append_line values ('T', ?), ('Y', ?)", one, one);
        assertThat(violations(Invariant.I02_NO_PHANTOM)).isEmpty();

        event(new UUID(3, 3), "{\"original\": {\"id\": \"" + one + "\"}}");
        UUID stranger = new UUID(4, 4);
        event(stranger, "{}");
        assertThat(violations(Invariant.I02_NO_PHANTOM))
                .containsExactlyInAnyOrder(
                        one + " was appended again 2 times, and that was tried 1 times",
                        stranger + " was never appended");
    }

    @Test
    void phantom_ofAllThatFailed_passesOnce_andTwice_doesNot() {
        event(one, "{}");
        event(other, "{\"original\": {\"id\": \"" + one + "\"}}");
        database.execute("insert into torture.append_line values ('T', ?), ('Y', ?)", one, new UUID(0, 0));
        assertThat(violations(Invariant.I02_NO_PHANTOM)).isEmpty();

        event(new UUID(3, 3), "{\"original\": {\"id\": \"" + one + "\"}}");
        assertThat(violations(Invariant.I02_NO_PHANTOM))
                .containsExactly(one + " was appended again 2 times, and that was tried 1 times");
    }

    @Test
    void aborted_afterItsOwnNumberOfDeaths_passes_andSooner_doesNot() {
        event(one, "{}");
        event(other, "{}");
        for (UUID id : List.of(one, other)) {
            database.execute(
                    "insert into event_option (event, max_crashes) values (?, ?::int::smallint)",
                    id,
                    id.equals(one) ? 1 : 2);
            database.execute(
                    "insert into attempt (event, worker, started_at, attempt, reason) values (?, ?, now(), 1, 'lost')",
                    id,
                    new UUID(7, 7));
            ended(id, 6);
        }

        String judge = Database.sql(Invariant.R4_ABORTED_AFTER_DEATHS.wireName())
                .replace("current_setting('torture.max_crashes')", "'3'");
        assertThat(database.list(String.class, judge)).containsExactly(other + " was aborted after 1 lost attempts");
    }

    @Test
    void cancelled_thatStaysSo_passes_andThatCompletes_doesNot() {
        said("C", one, 1);
        ended(one, 4);
        assertThat(violations(Invariant.I21_CANCELLED)).isEmpty();

        said("C", other, 1);
        ended(other, 2);
        assertThat(violations(Invariant.I21_CANCELLED)).containsExactly(other + " was cancelled and has status 2");
    }

    @Test
    void unique_oneAfterTheOther_passes_andTwoAtOnce_doNot() {
        event(one, "{\"key\": \"k\"}");
        event(other, "{\"key\": \"k\"}");
        move(one, "r", 0, 1);
        move(one, "o", 1, 2);
        move(other, "r", 0, 3);
        assertThat(violations(Invariant.I22_UNIQUE)).isEmpty();

        UUID third = new UUID(3, 3);
        event(third, "{\"key\": \"k\"}");
        move(third, "s", 0, 4);
        assertThat(violations(Invariant.I22_UNIQUE))
                .containsExactly(other + " and " + third + " had the key k at once");
    }

    @Test
    void paused_claimsBeforeAndAfter_pass_andOneMeanwhile_doesNot() {
        said("R", one, 0);
        said("P", one, 10);
        said("R", one, 20);
        move(one, "c", 1, 9);
        move(one, "c", 2, 11); // had begun before
        move(one, "c", 3, 21);
        move(one, "r", 3, 15);
        assertThat(violations(Invariant.I23_PAUSED)).isEmpty();

        move(other, "c", 1, 12);
        assertThat(violations(Invariant.I23_PAUSED)).containsExactly(other + " was claimed 00:00:02 after a pause");
    }

    @Test
    void runAt_claimedThenOrLater_passes_andBefore_doesNot() {
        event(one, "{\"not_before\": \"2030-01-01T00:00:10Z\"}");
        event(other, "{\"not_before\": \"2030-01-01T00:00:10Z\"}");
        move(one, "c", 1, 10);
        assertThat(violations(Invariant.I24_RUN_AT)).isEmpty();

        move(other, "c", 1, 9);
        assertThat(violations(Invariant.I24_RUN_AT)).containsExactly(other + " was claimed 00:00:01 early");
    }

    @Test
    void moves_toAnotherPriority_pass_andBackFromTheEnd_doNot() {
        move(one, "r", 0, 1);
        move(one, "r", 0, 2);
        move(one, "c", 1, 3);
        assertThat(violations(Invariant.I16_LEGAL_MOVES)).isEmpty();

        move(other, "r", 0, 1);
        move(other, "o", 0, 2); // completed without a claim
        assertThat(violations(Invariant.I16_LEGAL_MOVES)).containsExactly(other + " moved r to o, attempt 0 to 0");
    }
}
