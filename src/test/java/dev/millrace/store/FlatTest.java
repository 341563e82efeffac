package dev.millrace.store;

import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.SQLException;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.api.SoftAssertions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a statement costs does not grow with what is stored: neither the rows it reads nor, but for a page more for each level
 * that an index has grown by, the pages it looks at. {@code -Dmillrace.flat=1000000} runs it with a million due, a million
 * scheduled and five million settled events, and prints the figures.
 */
@NotPooled("reads statistics that are exact when the sessions that made them have ended")
@PostgresTest
@LeavesRunningRows
class FlatTest {
    private static final int FEW = 1_000;
    private static final int MANY = 10_000;
    private static final @Nullable Integer WANTED = Integer.getInteger("millrace.flat");

    /** Pages of tables that rows happen to share or not, splits of index pages, maps of free space. */
    private static final int BY_CHANCE = 20;

    /** The same of a clean-up, which looks into eleven tables. */
    private static final int BY_CHANCE_IN_ELEVEN = 80;

    /** Rows deleted before, which are read again until no snapshot can see them. */
    private static final int DEAD = 1_000;

    private final TestDatabase database;

    FlatTest(TestDatabase database) {
        this.database = database;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @DisplayName(
            "A statement costs the same with few and with very many events, by a plan from empty tables and by a fresh one")
    void cost_withVeryManyEvents_isThatWithFew(boolean analyzed) throws SQLException {
        Map<String, Cost> few = costs(FEW, analyzed);
        Map<String, Cost> many = costs(WANTED == null ? MANY : WANTED, analyzed);

        SoftAssertions softly = new SoftAssertions();
        many.forEach((statement, cost) -> {
            Cost before = Objects.requireNonNull(few.get(statement));
            softly.assertThat(cost.rows()).as("rows read by %s", statement).isLessThanOrEqualTo(before.rows() + DEAD);
            softly.assertThat(cost.pages())
                    .as("pages looked at by %s, in %d looks", statement, cost.looks())
                    .isLessThanOrEqualTo(before.pages() + cost.looks() + byChance(statement));
        });
        softly.assertAll();
    }

    private static int byChance(String statement) {
        return statement.startsWith("clean_up") ? BY_CHANCE_IN_ELEVEN : BY_CHANCE;
    }

    private Map<String, Cost> costs(int number, boolean analyzed) throws SQLException {
        Probe probe = new Probe(database.another(), number);
        Map<String, Cost> costs = probe.costs(analyzed);
        if (WANTED != null) {
            System.out.printf("%d events due, %s%n", number, analyzed ? "analyzed" : "plans from empty tables");
            costs.forEach((statement, cost) -> System.out.printf("  %-15s %s%n", statement, cost));
            System.out.println("  " + probe.times());
        }
        return costs;
    }
}
