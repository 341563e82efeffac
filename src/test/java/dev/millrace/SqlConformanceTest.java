package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The same appends by the library and by SQL: the same rows to the byte, the same refusals to the letter. */
class SqlConformanceTest extends WithSql {
    private static final String INVALID = "22023";
    private static final String TAKEN = "23505";
    private static final String SOON = "2036-02-29T23:59:59.123456Z";

    SqlConformanceTest(TestDatabase database) {
        super(database);
    }

    private static Arguments accepted(String name, ObjectNode... appends) {
        return Arguments.of(name, List.of(appends));
    }

    static Stream<Arguments> acceptable() {
        String key = "{\"unique_key\":\"k\"%s}";
        return Stream.of(
                accepted("nothing but a payload", said("1", "{}")),
                accepted("nulls", said("1", "{\"priority\":null,\"run_at\":null,\"unique_key\":null,\"id\":null}")),
                accepted("priorities", said("1", "{\"priority\":-0.5}"), said("2", "{\"priority\":1e300}")),
                accepted("timeouts", said("1", "{\"timeout\":0.000001}"), said("2", "{\"timeout\":315360000}")),
                accepted("scheduled", said("1", "{\"run_at\":\"" + SOON + "\"}")),
                accepted("due in the past", said("1", "{\"run_at\":\"0001-01-01T00:00:00Z\"}")),
                accepted("the end of time", said("1", "{\"run_at\":\"9999-12-31T23:59:59Z\"}")),
                accepted("deadline", said("1", "{\"deadline\":\"" + SOON + "\"}")),
                accepted(
                        "delays",
                        said("0", "{\"delay\":0}"),
                        said("1", "{\"delay\":0.5}"),
                        said("2", "{\"delay\":315360000}"),
                        said("3", "{\"delay\":7,\"unique_key\":\"k\",\"priority\":3}"),
                        said("4", "{\"delay\":9,\"unique_key\":\"k\",\"on_conflict\":\"replace\"}")),
                accepted("streaming", said("1", "{\"streaming\":true}")),
                accepted(
                        "deaths",
                        said("1", "{\"max_crashes\":1}"),
                        said("2", "{\"max_crashes\":100,\"run_at\":\"" + SOON + "\"}"),
                        said("3", "{\"max_crashes\":7,\"unique_key\":\"k\",\"priority\":3}"),
                        said("4", "{\"max_crashes\":8,\"unique_key\":\"k\"}"),
                        said("5", "{\"max_crashes\":9,\"unique_key\":\"k\",\"on_conflict\":\"replace\"}")),
                accepted("metadata", said("1", "{\"metadata\":{\"b\":[1.50,null],\"a\":\"é\\u0001\\\"\\\\\"}}")),
                accepted(
                        "payloads",
                        said("null", "{}"),
                        said("\"\\u0001 \\\\ \\\" \\uD83D\\uDE00 \\u2028 '; drop\"", "{}"),
                        said("[1e400, -0.000100, 123456789012345678901234567890]", "{}"),
                        said("{\"b\":{},\"a\":[[]],\"aa\":\"\"}", "{}")),
                accepted(
                        "limits",
                        said("\"" + "x".repeat((1 << 20) - 12) + "\"", "{}"), // {"value":""} takes twelve
                        said("[".repeat(499) + "]".repeat(499), "{}"),
                        said("1" + "0".repeat(999), "{}"),
                        said("{\"" + "k".repeat(50_000) + "\":1}", "{}"),
                        said(spaced(), "{}")),
                accepted("unique key, twice", said("1", key.formatted("")), said("2", key.formatted(""))),
                accepted(
                        "unique key, for all scopes",
                        said("1", key.formatted(",\"unique_scope\":\"pending\"")),
                        said("2", "{\"unique_key\":\"a\",\"unique_scope\":\"settled\"}"),
                        said("3", "{\"unique_key\":\"b\",\"unique_scope\":\"forever\"}"),
                        said("4", "{\"unique_key\":\"c\",\"unique_scope\":\"period\",\"unique_period\":0.001}"),
                        said("5", "{\"unique_key\":\"d\",\"unique_period\":315360000}")),
                accepted(
                        "unique key, replaced",
                        said("1", key.formatted(",\"priority\":3,\"run_at\":\"" + SOON + "\"")),
                        said("2", key.formatted(",\"on_conflict\":\"replace\""))),
                accepted(
                        "unique key with blanks and an accent",
                        said("1", "{\"unique_key\":\" \u00a0\u00e9\u202e \"}")));
    }

    private static String spaced() {
        return "[" + "1,".repeat((1 << 19) - 8) + "1]"; // as jsonb writes it, with blanks, it is over the cap
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("acceptable")
    void append_ofWhatTheLibraryAccepts_storesTheSameRows(String name, List<ObjectNode> appends) throws SQLException {
        List<Boolean> own = appendAll(Way.LIBRARY, "library", appends);
        List<String> expected = stored("library");
        assertThat(expected).isNotEmpty();

        for (Way way : otherWays()) {
            String flow = way.name().toLowerCase(Locale.ROOT);
            assertThat(appendAll(way, flow, appends))
                    .as("who is answered, by " + way)
                    .isEqualTo(own);
            assertThat(stored(flow)).as("rows by " + way).isEqualTo(expected);
        }
    }

    /** Appends them, and says of each whether the answer was an id of its own. */
    private List<Boolean> appendAll(Way way, String flow, List<ObjectNode> appends) throws SQLException {
        List<UUID> ids = new ArrayList<>();
        List<Boolean> own = new ArrayList<>();
        for (ObjectNode said : appends) {
            Answer answer = append(way, flow, said);
            assertThat(answer.refusal()).as("refusal by " + way).isNull();
            own.add(!ids.contains(answer.id()));
            ids.add(answer.id());
        }
        return own;
    }

    private static Arguments refused(String state, String payload, String wishes) {
        return Arguments.of(state, said(payload, wishes));
    }

    static Stream<Arguments> refusable() {
        return Stream.of(
                refused(INVALID, "1", "{\"priority\":\"NaN\"}"),
                refused(INVALID, "1", "{\"priority\":\"Infinity\"}"),
                refused(INVALID, "1", "{\"priority\":\"-Infinity\"}"),
                refused(INVALID, "1", "{\"delay\":-0.5}"),
                refused(INVALID, "1", "{\"delay\":-0.000000001}"),
                refused(INVALID, "1", "{\"delay\":315360000.5}"),
                refused(INVALID, "1", "{\"delay\":1,\"run_at\":\"" + SOON + "\"}"),
                refused(INVALID, "1", "{\"max_crashes\":0}"),
                refused(INVALID, "1", "{\"max_crashes\":-2147483648}"),
                refused(INVALID, "1", "{\"max_crashes\":101}"),
                refused(INVALID, "1", "{\"timeout\":0}"),
                refused(INVALID, "1", "{\"timeout\":-1.5}"),
                refused(INVALID, "1", "{\"timeout\":315360000.5}"),
                refused(INVALID, "1", "{\"run_at\":\"+10000-01-01T00:00:00Z\"}"),
                refused(INVALID, "1", "{\"deadline\":\"+12345-01-01T00:00:00.5Z\"}"),
                refused(INVALID, "[0,{\"a b\":" + "9".repeat(1001) + "}]", "{}"),
                refused(INVALID, "0." + "0".repeat(999) + "1", "{}"),
                refused(INVALID, "[".repeat(500) + "]".repeat(500), "{}"),
                refused(INVALID, "{\"a\":".repeat(500) + "1" + "}".repeat(500), "{}"),
                refused(INVALID, "{\"x\":{\"" + "k".repeat(50_001) + "\":1}}", "{}"),
                refused(INVALID, "\"" + "x".repeat((1 << 20) - 11) + "\"", "{}"),
                refused(INVALID, "1", "{\"metadata\":{\"m\":\"" + "x".repeat(65_536) + "\"}}"),
                refused(INVALID, "1", "{\"metadata\":{\"m\":[1," + "7".repeat(1002) + "]}}"),
                refused(INVALID, "1", "{\"unique_key\":\"\"}"),
                refused(INVALID, "1", "{\"unique_key\":\"" + "\u00e9".repeat(201) + "\"}"),
                refused(INVALID, "1", "{\"unique_key\":\"a\\u0085b\"}"),
                refused(INVALID, "1", "{\"unique_key\":\"k\",\"unique_period\":0}"),
                refused(INVALID, "1", "{\"unique_key\":\"k\",\"unique_period\":315360001}"),
                refused(TAKEN, "1", "{\"id\":\"00000000-0000-7000-8000-00000000aaaa\"}"),
                refused(TAKEN, "1", "{\"unique_key\":\"held\",\"on_conflict\":\"fail\"}"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("refusable")
    void append_ofWhatTheLibraryRefuses_isRefusedInItsWords(String state, ObjectNode said) throws SQLException {
        prepare("library");
        String expected = withoutIds(append(Way.LIBRARY, "library", said).refusal());
        assertThat(expected).isNotEqualTo("null");

        for (Way way : otherWays()) {
            String flow = way.name().toLowerCase(Locale.ROOT);
            prepare(flow);
            List<String> before = stored(flow);
            Answer answer = append(way, flow, said);

            assertThat(withoutIds(alone(way, answer.refusal()))).as("by " + way).isEqualTo(expected);
            if (way != Way.LIBRARY_ALL) {
                assertThat(answer.state()).as("state by " + way).isEqualTo(state);
            }
            assertThat(stored(flow)).as("rows by " + way).isEqualTo(before);
        }
    }

    private void prepare(String flow) throws SQLException {
        append(Way.LIBRARY, flow, said("0", "{\"unique_key\":\"held\"}"));
        append(Way.LIBRARY, flow, said("0", "{\"id\":\"00000000-0000-7000-8000-00000000aaaa\"}"));
    }

    private static String withoutIds(Object text) {
        return String.valueOf(text).replaceAll("[0-9a-f]{8}-[0-9a-f-]{27}", "ID");
    }

    static Stream<String> badNames() {
        return Stream.of(
                "",
                " x",
                "x\u00a0",
                "x\u3000",
                "a\nb",
                "\u0085",
                "a\u2028b",
                "a\u202eb",
                "a\u2066b",
                "\ufdd0",
                "\ufffe",
                "\ud83f\udffe",
                "it's \\ a \u0007",
                "x".repeat(201),
                "\ud83d\ude00".repeat(201));
    }

    @ParameterizedTest
    @MethodSource("badNames")
    void append_underANameThatIsNone_isRefusedInTheLibrarysWords(String name) throws SQLException {
        Answer expected = append(Way.LIBRARY, name, said("1", "{}"));
        assertThat(expected.refusal()).isNotNull();

        for (Way way : List.of(Way.APPEND, Way.APPEND_MANY, Way.INSERT, Way.COPY)) {
            Answer answer = append(way, name, said("1", "{}"));
            assertThat(answer.refusal()).isEqualTo(expected.refusal());
            assertThat(answer.state()).isEqualTo(INVALID);
        }
        Answer ofType = bySql("select millrace.append('flow', ?, '1')", name);
        assertThat(ofType.refusal())
                .isEqualTo(String.valueOf(expected.refusal()).replaceFirst("^flow name", "event type name"));
        assertThat(database.longValue("select count(*) from flow")).isZero();
    }

    static Stream<Arguments> badCalls() {
        String many = "select * from millrace.append_many(?::jsonb, 'f', 't')";
        return Stream.of(
                Arguments.of("22004", "flow name must not be null", "select millrace.append(null, 't', ?::jsonb)", "1"),
                Arguments.of(
                        "22004",
                        "event type name must not be null",
                        "select millrace.append('f', null, ?::jsonb)",
                        "1"),
                Arguments.of("22004", "payload must not be null", "select millrace.append('f', 't', ?::jsonb)", null),
                Arguments.of(
                        INVALID,
                        "metadata must be an object, got array",
                        "select millrace.append('f', 't', '1', metadata => ?::jsonb)",
                        "[]"),
                Arguments.of(
                        INVALID,
                        "unique_scope, unique_period and on_conflict are about a unique key: give one",
                        "select millrace.append('f', 't', '1', unique_scope => ?)",
                        "pending"),
                Arguments.of(
                        INVALID,
                        "unique_scope must be pending, settled, period or forever, got 'day'",
                        "select millrace.append('f', 't', '1', unique_key => 'k', unique_scope => ?)",
                        "day"),
                Arguments.of(
                        INVALID,
                        "on_conflict must be return, replace or fail, got 'x'",
                        "select millrace.append('f', 't', '1', unique_key => 'k', on_conflict => ?)",
                        "x"),
                Arguments.of(
                        INVALID,
                        "delay must be finite, got NaN",
                        "select millrace.append('f', 't', '1', delay => ?::float8)",
                        "NaN"),
                Arguments.of(
                        INVALID,
                        "index 1 of 2: delay must be finite, got -Infinity",
                        many,
                        "[{\"payload\":1,\"delay\":0},{\"payload\":1,\"delay\":\"-Infinity\"}]"),
                Arguments.of(INVALID, "events must be an array, got object", many, "{}"),
                Arguments.of(INVALID, "events must be an array, got null", many, null),
                Arguments.of(INVALID, "index 1 of 2: an event must be an object", many, "[{\"payload\":1},2]"),
                Arguments.of(
                        INVALID,
                        "index 0 of 1: unknown key 'run-at'; there are",
                        many,
                        "[{\"payload\":1,\"run-at\":1}]"),
                Arguments.of("22004", "index 1 of 2: payload must not be null", many, "[{\"payload\":1},{}]"),
                Arguments.of(
                        INVALID,
                        "run_at must be a time with its offset such as 2026-01-31T09:00:00Z, got 'tomorrow'",
                        many,
                        "[{\"payload\":1,\"run_at\":\"tomorrow\"}]"),
                Arguments.of(
                        TAKEN,
                        "event 00000000-0000-7000-8000-000000000001 stands twice in the batch, at index 0 and 1; nothing was stored",
                        many,
                        "[{\"payload\":1,\"id\":\"00000000-0000-7000-8000-000000000001\"},"
                                + "{\"payload\":1,\"id\":\"00000000-0000-7000-8000-000000000001\"}]"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("badCalls")
    void call_thatMakesNoSense_isRefusedAndStoresNothing(
            String state, String message, String sql, @Nullable String argument) throws SQLException {
        Answer answer = bySql(sql, argument);

        assertThat(answer.refusal()).startsWith(message);
        assertThat(answer.state()).isEqualTo(state);
        assertThat(database.longValue("select count(*) from event")).isZero();
    }

    @Test
    void appendMany_ofAThousand_keepsTheirOrderAndAnswersInIt() {
        List<List<Object>> ids = List.copyOf(database.query("""
                select id, n from millrace.append_many((
                    select jsonb_agg(jsonb_build_object('payload', n, 'priority', 1) order by n) from generate_series(1, 1000) n
                ), 'f', 't') with ordinality as a (id, n)
                """));

        assertThat(database.query(
                        "select id, (payload)::bigint from ready join event using (id) order by ready.position"))
                .isEqualTo(ids);
    }

    @Test
    void appendMany_toSeveralFlowsSomeBoundedAndKeyed_givesEachItsDelay() {
        millrace().executor("a", Anything.class).maxQueueSize(9).build();
        database.query("""
                select append_many('[{"flow":"b","payload":0,"delay":20},{"payload":1},{"flow":"b","payload":2},
                    {"payload":3,"delay":23},{"flow":"c","payload":4,"delay":24,"unique_key":"k"},{"flow":"c","payload":5}]', 'a', 'y')
                """);
        database.query("select append('a', 'y', '6', delay => 26)");

        assertThat(database.list(
                        String.class,
                        "select concat_ws(' ', s.flow, e.payload, s.run_at - e.created_at) from event_status s join event e using (id)"
                                + " order by 1"))
                .containsExactly("a 1", "a 3 00:00:23", "a 6 00:00:26", "b 0 00:00:20", "b 2", "c 4 00:00:24", "c 5");
    }

    @Test
    void appendMany_toSeveralFlowsAndTypes_answersInItsOrder() throws SQLException {
        List<UUID> ids = database.list(UUID.class, """
                select append_many('[{"flow":"b","type":"x","payload":0},{"payload":1},{"flow":"b","payload":2,"unique_key":"k"},
                    {"payload":3,"unique_key":"k"},{"flow":"b","payload":4,"unique_key":"k"}]', 'a', 'y')
                """);

        assertThat(ids.get(4)).isEqualTo(ids.get(2)).isNotEqualTo(ids.get(3));
        assertThat(database.list(
                        String.class,
                        """
                        select concat_ws(' ', s.flow, s.type, e.payload)
                        from unnest(?::uuid[]) with ordinality as i (id, n) join event_status s using (id) join event e using (id)
                        order by n
                        """,
                        "{" + String.join(",", ids.stream().map(UUID::toString).toList()) + "}"))
                .containsExactly("b x 0", "a y 1", "b y 2", "a y 3", "b y 2");
    }

    @Test
    void append_toAFullFlow_isRefusedInTheLibrarysWords() throws SQLException {
        List<ObjectNode> three = List.of(
                said("1", "{}"),
                said("1", "{\"run_at\":\"" + Instant.now().plus(Duration.ofDays(1)) + "\"}"),
                said("1", "{}"));
        for (Way way : Way.values()) {
            String flow = way.name().toLowerCase(Locale.ROOT);
            Executor<Anything> executor =
                    millrace().executor(flow, Anything.class).maxQueueSize(3).build();
            appendAll(way, flow, three);

            for (String wishes : List.of("{}", "{\"unique_key\":\"k\"}")) {
                Answer full = append(way, flow, said("4", wishes));
                assertThat(full.refusal()).as(way + " " + wishes).isEqualTo("Queue size (3) exceeds max (3)");
                assertThat(full.state()).isIn("MR001", null);
            }
            assertThat(executor.statusCounts().values()).contains(3L);
        }
    }

    @Test
    void insert_ofManyRows_answersWithTheirIdsAndTakesNothingIfOneIsRefused() {
        String insert = "insert into enqueue (flow, type, payload, priority) select 'f', 't', to_jsonb(n), %s"
                + " from generate_series(1, 5) n returning id";
        assertThat(database.list(UUID.class, insert.formatted("1"))).hasSize(5);
        assertThat(database.list(
                        Long.class, "select payload::bigint from ready join event using (id) order by position"))
                .containsExactly(1L, 2L, 3L, 4L, 5L);

        assertThatThrownBy(
                        () -> database.list(UUID.class, insert.formatted("case n when 5 then float8 'NaN' else 1 end")))
                .hasMessageContaining("Priority must be finite and not NaN, got NaN");
        assertThat(database.longValue("select count(*) from event")).isEqualTo(5);
        assertThat(database.longValue("select count(*) from enqueue")).isZero();
    }

    @Test
    void append_bySql_wakesAWorkerAndIsRunAsAnyOther() throws Exception {
        Executor<Anything> executor = millrace()
                .executor("f", Anything.class)
                .handler((payload, run) -> payload.value().asInt() + 1)
                .build();
        executor.start();
        executor.execute();
        for (Way way : List.of(Way.APPEND, Way.APPEND_MANY, Way.INSERT, Way.COPY)) {
            UUID id = requireNonNull(append(way, "f", said("41", "{}")).id());
            assertThat(ended(executor, id).execution().response()).hasToString("42");
        }
    }

    @Test
    void append_inATransactionThatIsRolledBack_neverWas() throws SQLException {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            assertThat(bySql(connection, "select millrace.append('f', 't', '1', unique_key => 'k')")
                            .refusal())
                    .isNull();
            assertThat(bySql(connection, "select * from millrace.append_many('[{\"payload\":1}]', 'f', 't')")
                            .refusal())
                    .isNull();
            connection.rollback();
        }
        assertThat(
                        database.longValue(
                                "select (select count(*) from event) + (select count(*) from unique_key) + (select count(*) from status_delta)"))
                .isZero();
    }

    @Test
    void append_underSettingsThatMustNotMatter_isTheSame() throws SQLException {
        append(Way.APPEND, "expected", said("1", "{\"run_at\":\"" + SOON + "\",\"unique_key\":\"k\"}"));
        // directly: a pooler would hand the settings on to whoever gets the session next
        try (Connection connection = database.connectDirectly();
                Statement statement = connection.createStatement()) {
            for (String setting : List.of(
                    "search_path = pg_temp",
                    "standard_conforming_strings = off",
                    "DateStyle = 'ISO, DMY'",
                    "TimeZone = 'Pacific/Chatham'",
                    "default_transaction_isolation = 'serializable'",
                    "extra_float_digits = -15",
                    "plan_cache_mode = force_generic_plan")) {
                statement.execute("set " + setting);
            }
            statement.execute(
                    "create temp table event (id uuid); create temp table flow (id int, name text, max_pending int)");
            Answer answer = bySql(
                    connection,
                    "select * from millrace.append_many(?::jsonb, 'actual', 'anything')",
                    "[" + said("1", "{\"run_at\":\"" + SOON + "\",\"unique_key\":\"k\"}") + "]");
            assertThat(answer.refusal()).isNull();
            assertThat(bySql(connection, "select millrace.append('actual', 'x', '1', unique_key => E'a\\x07b')")
                            .refusal())
                    .startsWith("unique key must not contain control characters");
        }
        assertThat(stored("actual")).isEqualTo(stored("expected"));
    }

    @Test
    void append_byManyToANewFlowAtOnce_makesItOnceAndHoldsKeysAndLimits() throws Exception {
        int threads = 8;
        CountDownLatch begin = new CountDownLatch(1);
        List<Future<List<UUID>>> answers = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                Way way = Way.values()[i % Way.COPY.ordinal()]; // COPY says no ids
                answers.add(pool.submit(() -> {
                    begin.await();
                    List<UUID> ids = new ArrayList<>();
                    for (int n = 0; n < 10; n++) {
                        Answer answer = append(way, "new", said("1", "{\"unique_key\":\"" + n + "\"}"));
                        assertThat(answer.refusal()).as("%s", way).isNull();
                        ids.add(requireNonNull(answer.id()));
                    }
                    return ids;
                }));
            }
            begin.countDown();
            for (Future<List<UUID>> answer : answers) {
                assertThat(answer.get()).isEqualTo(answers.getFirst().get());
            }
        }
        assertThat(stored("new")).last().isEqualTo("count pending 10");
        assertThat(database.longValue("select count(*) from lane")).isEqualTo(1);
    }
}
