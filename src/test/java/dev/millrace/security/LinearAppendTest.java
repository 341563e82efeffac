package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.security.Rows.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Collectors;
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
        assertThat(many)
                .as("%s: %s pages for 250, %s for 2,000", what, few, many)
                .isLessThan(12 * few);
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
    @DisplayName("13.20 events with equal keys in one call end as they do one by one")
    void appendMany_ofEqualKeys_isAsOneByOne() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 20; round++) {
            String before = List.of("", "ready", "scheduled", "running").get(random.nextInt(4));
            List<String> options = new ArrayList<>();
            for (int i = 0; i < 2 + random.nextInt(5); i++) {
                options.add("'id', '01900000-0000-7000-8000-%012d', 'unique_key', 'k%d'".formatted(i, random.nextInt(2))
                        + (random.nextInt(5) > 0 ? ", 'on_conflict', 'replace'" : "")
                        + (random.nextInt(3) == 0 || i < 2 ? ", 'priority', " + i : "")
                        + (random.nextInt(4) == 0 ? ", 'delay', 3600" : "")
                        + (random.nextInt(4) == 0 ? ", 'delay', 0" : "")
                        + (random.nextInt(3) == 0 ? ", 'deadline', '2100-01-01T00:00:00Z'" : "")
                        + (random.nextInt(3) == 0 ? ", 'streaming', true" : "")
                        + (random.nextInt(3) == 0 ? ", 'max_crashes', 2" : "")
                        + (random.nextInt(4) == 0 ? ", 'unique_scope', 'period', 'unique_period', 60" : ""));
            }
            List<String> calls = options.stream()
                    .map(option -> "jsonb_build_object('payload', 1, " + option + ")")
                    .toList();

            prepare(before);
            List<String> together = after(List.of("jsonb_build_array(" + String.join(", ", calls) + ")"));
            prepare(before);
            List<String> oneByOne = after(calls.stream()
                    .map(call -> "jsonb_build_array(" + call + ")")
                    .toList());

            assertThat(together)
                    .as("seed %s, round %s: %s, before: %s", seed, round, options, before)
                    .isEqualTo(oneByOne);
            assertThat(Rows.wrongCounts(database)).isEmpty();
        }
        database.truncateAll();
    }

    private void prepare(String before) {
        database.truncateAll();
        database.query("select append('f', 't', '0', priority => 99)"); // so that the flow is there
        database.execute("update flow set max_pending = 6");
        if (!before.isEmpty()) {
            database.query("select append('f', 't', '0', unique_key => 'k0', priority => 9"
                    + (before.equals("scheduled") ? ", delay => 7200)" : ")"));
        }
        if (before.equals("running")) {
            database.execute(
                    "with moved as (delete from ready returning id, priority, position, lane, flow)"
                            + " insert into running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)"
                            + " select id, gen_random_uuid(), clock_timestamp(), priority, position, lane, flow, 1, 0, 0, 0 from moved");
        }
    }

    /** What is there after those calls, one transaction for all: of each event its end or its place. A priority that is the time is 1,000. */
    private List<String> after(List<String> calls) {
        long last = database.longValue("select coalesce(max(position), 0)"
                + " from (select position from ready union all select position from scheduled) held");
        String answers = calls.stream()
                .map(call -> "select append_many(" + call + ", 'f', 't') as id")
                .collect(Collectors.joining(" union all "));
        List<UUID> ids = database.list(UUID.class, answers);
        List<String> seen = new ArrayList<>();
        seen.add(ids.stream().map(id -> ids.indexOf(id) + "").collect(Collectors.joining(",")));
        seen.addAll(database.list(String.class, """
                select concat_ws(' ', status(e.id), least(e.priority, 1000), least(coalesce(r.priority, s.priority), 1000), round(extract(epoch from s.run_at - e.created_at) / 60),
                    coalesce(r.position, s.position) <= :last, u.key, u.scope,
                    round(extract(epoch from u.expires_at - e.created_at) / 5), o.error ->> 'error', o.attempt,
                    (select count(*) from expiry x where x.event = e.id), (select max_crashes from event_option x where x.event = e.id),
                    e.streaming, (select max_pending from flow))
                from event e left join ready r using (id) left join scheduled s using (id) left join outcome o using (id)
                    left join unique_key u on u.event = e.id
                order by e.id
                """.replace(":last", String.valueOf(last))));
        return seen;
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
