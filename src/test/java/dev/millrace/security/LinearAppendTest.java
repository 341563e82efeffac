package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.security.Rows.Task;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What appending many costs, by their number. */
@PostgresTest
class LinearAppendTest {
    private final TestDatabase database;

    LinearAppendTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    private static String events(int number, String options) {
        return "select append_many((select jsonb_agg(jsonb_build_object('payload', n" + options
                + ") order by n) from generate_series(1, " + number + ") n), 'f', 't')";
    }

    /** The pages that it touches, each as often as it does. */
    private long pages(String statement) {
        database.truncateAll();
        return pagesOf(statement);
    }

    @ParameterizedTest
    @DisplayName(
            "13.20 appending eight times as many new flows, types, keys and equal keys touches no more than twelve times as many pages")
    @CsvSource(
            delimiterString = " -> ",
            quoteCharacter = '"',
            value = {
                "new flows -> , 'flow', 'f' || n",
                "new types -> , 'type', 't' || n",
                "flows and types -> , 'flow', 'f' || n % 50, 'type', 't' || n",
                "keys -> , 'unique_key', 'k' || n",
                "equal keys -> , 'unique_key', 'k'",
                "equal keys that replace -> , 'unique_key', 'k', 'on_conflict', 'replace'",
                "checks -> , 'delay', n"
            })
    void appendMany_ofMany_isLinear(String what, String options) {
        long few = pages(events(250, options));
        long many = pages(events(2000, options));

        System.out.printf("LinearAppendTest: %s: %d pages for 250, %d for 2,000%n", what, few, many);
        assertThat(many).as("%s: %s pages for 250, %s for 2,000", what, few, many).isLessThan(12 * few);
    }

    @Test
    @DisplayName("13.20 a batch of several flows, with equal keys and limits, answers in its order")
    void appendMany_ofSeveralFlows_answersInOrder() {
        database.query("select append('a', 't', '0', unique_key => 'held')");
        database.execute("update flow set max_pending = 4");
        List<UUID> ids = database.list(UUID.class, """
                select append_many('[
                    {"flow": "b", "payload": 1, "unique_key": "k"}, {"flow": "a", "payload": 2}, {"flow": "b", "payload": 3, "unique_key": "k"},
                    {"flow": "a", "payload": 4, "unique_key": "held"}, {"flow": "a", "payload": 5, "unique_key": "k"},
                    {"flow": "a", "payload": 6, "unique_key": "k", "on_conflict": "replace"},
                    {"flow": "b", "payload": 7, "max_crashes": 3}, {"flow": "c", "payload": 8, "type": "u"}
                ]', type => 't')
                """);

        UUID held = database.list(UUID.class, "select event from unique_key where key = 'held'")
                .getFirst();
        assertThat(ids).hasSize(8);
        assertThat(ids.get(2)).isEqualTo(ids.get(0));
        assertThat(ids.get(3)).isEqualTo(held);
        assertThat(database.list(
                        String.class,
                        "select concat_ws(' ', f.name, e.type, e.payload, status(e.id), o.max_crashes) from event e join flow f on f.id = e.flow"
                                + " left join event_option o on o.event = e.id where e.id <> '" + held
                                + "' order by array_position('{"
                                + ids.toString().replaceAll("[\\[\\] ]", "") + "}'::uuid[], e.id)"))
                .containsExactly(
                        "b t 1 pending",
                        "a t 2 pending",
                        "a t 5 skipped",
                        "a t 6 pending",
                        "b t 7 pending 3",
                        "c u 8 pending");
        Rows.assertRefused(
                () -> database.query(
                        "select append_many('[{\"payload\": 1, \"unique_key\": \"x\"}, {\"payload\": 2, \"unique_key\": \"k\"},"
                                + " {\"payload\": 3, \"unique_key\": \"k\"}, {\"payload\": 4}]', 'a', 't')"),
                "Queue size (4) exceeds max (4)");
        assertThat(Rows.wrongCounts(database)).isEmpty();
    }

    @Test
    @DisplayName("13.20 an append to a bounded flow reads the changed counts of its own flow, not of all")
    void append_toABoundedFlow_readsItsOwnDeltas() {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks =
                    millrace.executor("tasks", Task.class).maxQueueSize(100).build();
            Rows.append(tasks, 10);
            long alone = buffers();
            database.execute(
                    "insert into status_delta (flow, status, n) select n, 0, 1 from generate_series(1000, 61000) n");

            assertThat(buffers()).as("60,000 changes of others take 325 pages").isLessThan(alone + 100);
            assertThat(Rows.append(tasks, 90)).hasSize(90);
        }
    }

    /** The pages that a new session reads to lock a flow and count what is pending in it. */
    private long buffers() {
        return pagesOf("select * from lock_flow((select id from flow))");
    }

    private long pagesOf(String statement) {
        return database.query("explain (analyze, buffers, costs off, timing off) " + statement).stream()
                .map(row -> String.valueOf(row.getFirst()))
                .filter(line -> line.contains("shared hit="))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*shared hit=([0-9]+).*", "$1")))
                .max()
                .orElseThrow();
    }
}
