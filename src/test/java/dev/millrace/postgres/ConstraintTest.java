package dev.millrace.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.util.PSQLException;

/** Plain SQL that would break an invariant is refused by the constraint named after it; there is no invariant without one. */
@PostgresTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConstraintTest {
    private static final String ID = "'00000000-0000-7000-8000-000000000001'";
    private static final String NEW = "'00000000-0000-7000-8000-000000000002'";
    private static final String WORKER = "'00000000-0000-7000-8000-00000000000a'";

    private final TestDatabase database;

    ConstraintTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void fill() {
        database.execute("insert into flow (name) values ('taken')");
        database.execute("insert into lane (flow, type) values (1, 'call')");
        database.execute(
                "insert into event (id, priority, flow, type, payload) values (%s, 1, 1, 'call', '1')".formatted(ID));
        database.execute("insert into ready (id, priority, lane, flow) values (%s, 1, 1, 1)".formatted(ID));
        database.execute(
                "insert into scheduled (id, run_at, priority, position, lane, flow) values (%s, now(), 1, 1, 1, 1)"
                        .formatted(ID));
        database.execute("insert into worker (id, host, pid, version, expires_at) values (%s, 'h', 1, '1', now())"
                .formatted(WORKER));
        database.execute("insert into sleeper (flow, worker) values (1, %s)".formatted(WORKER));
        database.execute("insert into unique_key (flow, key, event, scope) values (1, 'taken', %s, 0)".formatted(ID));
        database.execute("insert into outcome (id, flow, attempt, status) values (%s, 1, 1, 2)".formatted(ID));
        database.execute(
                "insert into attempt (event, started_at, attempt, reason) values (%s, now(), 1, 'lost')".formatted(ID));
        database.execute("insert into chunk (event, attempt, index, value) values (%s, 1, 0, '1')".formatted(ID));
        database.execute("insert into progression (id, flow, name) values (%s, 1, 'urgent')".formatted(ID));
        database.execute(
                "insert into progression_event (progression, position, event) values (%s, 0, %s)".formatted(ID, ID));
        database.execute("insert into status_count (flow, status, n) values (1, 3, 0)"); // the triggers made the others
    }

    private static Arguments refused(String constraint, String sql) {
        return Arguments.of(
                constraint, sql.replace("$id", ID).replace("$new", NEW).replace("$worker", WORKER));
    }

    private static Stream<Arguments> each(String constraint, String sql, String... values) {
        return Stream.of(values).map(value -> refused(constraint, sql.replace("$value", value)));
    }

    private static final String[] NOT_FINITE = {"'NaN'", "'Infinity'", "'-Infinity'"};
    private static final String[] NEVER = {"'infinity'", "'-infinity'"};
    private static final String[] NO_NAMES = {
        "''", "repeat('x', 201)", "E'a\\nb'", "E'\\u0001'", "E'a\\u007fb'", "U&'\\0085'", "U&'a\\009f'"
    };
    private static final String[] NO_OBJECTS = {"'[]'", "'1'", "'\"x\"'", "'null'"};

    private static String bytes(int number) {
        return "jsonb_build_object('k', repeat('x', " + number + "))";
    }

    static Stream<Arguments> flowsAndLanes() {
        return Stream.of(
                        Stream.of(
                                refused(
                                        "flow_pkey",
                                        "set local session_replication_role = replica; " // a trigger passes over
                                                // numbers in use
                                                + "insert into flow (id, name) overriding system value values (1, 'x')"),
                                refused(
                                        "flow_uid_key",
                                        "insert into flow (uid, name) select uid, 'x' from flow where id = 1"),
                                refused("flow_name_key", "insert into flow (name) values ('taken')"),
                                refused(
                                        "flow_metadata_capped",
                                        "insert into flow (name, metadata) values ('x', " + bytes(1 << 20) + ")"),
                                refused(
                                        "lane_pkey",
                                        "set local session_replication_role = replica; "
                                                + "insert into lane (id, flow, type) overriding system value values (1, 1, 'x')"),
                                refused("lane_flow_type_key", "insert into lane (flow, type) values (1, 'call')"),
                                refused("flow_turn_pkey", "insert into flow_turn values (1), (1)"),
                                refused("flow_turn_flow_fkey", "insert into flow_turn values (99)"),
                                refused("setting_pkey", "insert into setting values ('x', 1), ('x', 2)"),
                                refused(
                                        "setting_payload_cap_bounded",
                                        "insert into setting values ('payload_cap', 999)"),
                                refused(
                                        "setting_payload_cap_bounded",
                                        "insert into setting values ('payload_cap', 67108865)"),
                                refused("lane_flow_fkey", "insert into lane (flow, type) values (99, 'x')"),
                                refused("lane_flow_fkey", "delete from flow where id = 1")),
                        each("flow_name_legal", "insert into flow (name) values ($value)", NO_NAMES),
                        each(
                                "flow_metadata_object",
                                "insert into flow (name, metadata) values ('x', $value)",
                                NO_OBJECTS),
                        each(
                                "flow_created_at_finite",
                                "insert into flow (name, created_at) values ('x', $value)",
                                NEVER),
                        each("flow_paused_at_finite", "update flow set paused_at = $value", NEVER),
                        each(
                                "flow_pause_reason_legal",
                                "update flow set paused_at = now(), pause_reason = $value",
                                NO_NAMES),
                        each("flow_frame_object", "update flow set frame = $value", NO_OBJECTS),
                        each("flow_pause_reason_with_pause", "update flow set pause_reason = $value", "'why'"),
                        each("flow_max_pending_positive", "update flow set max_pending = $value", "0", "-1"),
                        each("lane_type_legal", "insert into lane (flow, type) values (1, $value)", NO_NAMES))
                .flatMap(rows -> rows);
    }

    static Stream<Arguments> events() {
        String insert =
                "insert into event (id, flow, type, payload, priority, %s) values ($new, 1, 'call', '1', 1, $value)";
        return Stream.of(
                        Stream.of(
                                refused(
                                        "event_pkey",
                                        "insert into event (id, priority, flow, type, payload) values ($id, 1, 1, 'call', '1')"),
                                refused(
                                        "event_metadata_capped",
                                        insert.formatted("metadata").replace("$value", bytes(1 << 20))),
                                refused(
                                        "event_payload_capped",
                                        "insert into event (id, priority, flow, type, payload) select $new, 1, 1, 'call',"
                                                + " jsonb_build_array(t, t, t) from (select repeat('x', 45000000) as t) text")),
                        each(
                                "event_option_pkey",
                                "insert into event_option (event, max_crashes) values ($id, $value), ($id, $value)",
                                "1"),
                        each(
                                "event_option_event_fkey",
                                "insert into event_option (event, max_crashes) values ($new, $value);"
                                        + " set constraints all immediate",
                                "1"),
                        each(
                                "event_option_max_crashes_bounded",
                                "insert into event_option (event, max_crashes) values ($id, $value)",
                                "0",
                                "-1",
                                "101"),
                        each("event_type_legal", "update event set type = $value", NO_NAMES),
                        each("event_priority_finite", "update event set priority = $value", NOT_FINITE),
                        each(
                                "event_timeout_positive",
                                insert.formatted("timeout"),
                                "0",
                                "-1",
                                "315360001",
                                "'NaN'",
                                "'Infinity'"),
                        each("event_created_at_finite", insert.formatted("created_at"), NEVER),
                        each("event_deadline_finite", insert.formatted("deadline"), NEVER),
                        each("event_metadata_object", insert.formatted("metadata"), NO_OBJECTS))
                .flatMap(rows -> rows);
    }

    static Stream<Arguments> pending() {
        return Stream.of(
                        Stream.of(
                                refused(
                                        "ready_pkey",
                                        "insert into ready (id, priority, lane, flow) values ($id, 2, 1, 1)"),
                                refused(
                                        "ready_claim",
                                        "insert into ready (id, priority, position, lane, flow) select $new, priority, position, lane, flow from ready"),
                                refused(
                                        "scheduled_pkey",
                                        "insert into scheduled (id, run_at, priority, position, lane, flow) values ($id, now(), 1, 2, 1, 1)")),
                        each("queued_priority_finite", "update ready set priority = $value", NOT_FINITE),
                        each(
                                "queued_counters_natural",
                                "update ready set $value = -1",
                                "attempt",
                                "failures",
                                "denials",
                                "deaths"),
                        each("queued_priority_finite", "update scheduled set priority = $value", NOT_FINITE),
                        each("scheduled_run_at_finite", "update scheduled set run_at = $value", NEVER),
                        each(
                                "queued_counters_natural",
                                "update scheduled set $value = -1",
                                "attempt",
                                "failures",
                                "denials",
                                "deaths"))
                .flatMap(rows -> rows);
    }

    static Stream<Arguments> running() {
        String claim =
                "insert into running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)"
                        + " values ($new, $worker, %s, %s, 1, 1, 1, %s, %s, 0, 0)";
        return Stream.of(
                        Stream.of(
                                refused(
                                        "worker_pkey",
                                        "insert into worker (id, host, pid, version, expires_at) values ($worker, 'h', 1, '1', now())"),
                                refused(
                                        "running_pkey",
                                        claim.formatted("now()", "1", "1", "0")
                                                + ", ($new, $worker, now(), 1, 2, 1, 1, 1, 0, 0, 0)")),
                        Stream.of(
                                refused("sleeper_pkey", "insert into sleeper (flow, worker) values (1, $worker)"),
                                refused("sleeper_worker_fkey", "insert into sleeper (flow, worker) values (1, $new)"),
                                refused("sleeper_flow_natural", "update sleeper set flow = -1")),
                        each("sleeper_since_finite", "update sleeper set since = $value", NEVER),
                        each("worker_expires_at_finite", "update worker set expires_at = $value", NEVER),
                        each("worker_heartbeat_at_finite", "update worker set heartbeat_at = $value", NEVER),
                        each("worker_started_at_finite", "update worker set started_at = $value", NEVER),
                        each("worker_stopping_at_finite", "update worker set stopping_at = $value", NEVER),
                        each("worker_steady_since_finite", "update worker set steady_since = $value", NEVER),
                        each("running_claimed_at_finite", claim.formatted("$value", "1", "1", "0"), NEVER),
                        each("queued_priority_finite", claim.formatted("now()", "$value", "1", "0"), NOT_FINITE),
                        each("running_attempt_positive", claim.formatted("now()", "1", "$value", "0"), "0", "-1"),
                        each("queued_counters_natural", claim.formatted("now()", "1", "1", "$value"), "-1"))
                .flatMap(rows -> rows);
    }

    static Stream<Arguments> uniqueKeys() {
        String insert = "insert into unique_key (flow, key, event, scope, expires_at) values (1, %s, $new, %s, %s)";
        return Stream.of(
                        Stream.of(
                                refused("unique_key_pkey", insert.formatted("'taken'", "0", "null")),
                                refused(
                                        "unique_key_event_key",
                                        "insert into unique_key (flow, key, event, scope) values (1, 'other', $id, 0)"),
                                refused("unique_key_expires_with_period", insert.formatted("'x'", "2", "null")),
                                refused("unique_key_expires_with_period", insert.formatted("'x'", "3", "now()"))),
                        each("unique_key_scope_known", insert.formatted("'x'", "$value", "null"), "-1", "4"),
                        each("unique_key_expires_at_finite", insert.formatted("'x'", "2", "$value"), NEVER),
                        each("unique_key_key_legal", insert.formatted("$value", "0", "null"), NO_NAMES))
                .flatMap(rows -> rows);
    }

    static Stream<Arguments> settled() {
        String outcome = "insert into outcome (id, flow, attempt, status, %s) values ($new, 1, 1, 2, $value)";
        return Stream.of(
                        Stream.of(
                                refused(
                                        "outcome_pkey",
                                        "insert into outcome (id, flow, attempt, status) values ($id, 1, 1, 3)"),
                                refused(
                                        "outcome_response_completed",
                                        "insert into outcome (id, flow, attempt, status, response) values ($new, 1, 1, 3, '1')"),
                                refused("outcome_attempt_natural", "update outcome set attempt = -1"),
                                refused(
                                        "outcome_error_capped",
                                        outcome.formatted("error").replace("$value", bytes(1 << 20))),
                                refused(
                                        "outcome_response_capped",
                                        "insert into outcome (id, flow, attempt, status, response) select $new, 1, 1, 2,"
                                                + " jsonb_build_array(t, t, t) from (select repeat('x', 45000000) as t) text"),
                                refused(
                                        "status_count_pkey",
                                        "insert into status_count (flow, status, n) values (1, 3, 0)")),
                        each("outcome_status_terminal", "update outcome set status = $value", "0", "1", "7", "-1"),
                        each("outcome_duration_finite", outcome.formatted("duration"), "-1", "'NaN'", "'Infinity'"),
                        each("outcome_finished_at_finite", outcome.formatted("finished_at"), NEVER),
                        each("outcome_started_at_finite", outcome.formatted("started_at"), NEVER),
                        each(
                                "status_count_status_known",
                                "insert into status_count (flow, status, n) values (1, $value, 0)",
                                "-1",
                                "8"),
                        each(
                                "status_delta_status_known",
                                "insert into status_delta (flow, status, n) values (1, $value, 0)",
                                "-1",
                                "8"))
                .flatMap(rows -> rows);
    }

    static Stream<Arguments> attempts() {
        String later =
                "insert into attempt (event, attempt, reason, started_at, %s) values ($new, 1, 'retry', now(), $value)";
        return Stream.of(
                        Stream.of(
                                refused(
                                        "attempt_pkey",
                                        "insert into attempt (event, started_at, attempt, reason) values ($id, now(), 1, 'retry')"),
                                refused(
                                        "attempt_late_whole",
                                        later.formatted("late_at").replace("$value", "now()")),
                                refused(
                                        "attempt_late_whole",
                                        later.formatted("late_status").replace("$value", "2")),
                                refused(
                                        "attempt_error_capped",
                                        later.formatted("error").replace("$value", bytes(1 << 20))),
                                refused(
                                        "attempt_late_error_capped",
                                        later.formatted("late_error").replace("$value", bytes(1 << 20))),
                                refused("attempt_attempt_natural", "update attempt set attempt = -1"),
                                refused(
                                        "chunk_pkey",
                                        "insert into chunk (event, attempt, index, value) values ($id, 1, 0, '2')"),
                                refused("chunk_index_natural", "update chunk set index = -1"),
                                refused(
                                        "chunk_value_capped",
                                        "insert into chunk (event, attempt, index, value) select $new, 1, 0,"
                                                + " jsonb_build_array(t, t, t) from (select repeat('x', 45000000) as t) text")),
                        Stream.of(
                                refused(
                                        "retried_pkey",
                                        "insert into retried (original, event) values ($id, $new), ($id, $new)"),
                                refused(
                                        "expiry_pkey",
                                        "insert into expiry (event, look_at) values ($id, now()), ($id, now())"),
                                refused(
                                        "progress_pkey",
                                        "insert into progress (event, attempt, fraction) values ($new, 1, 0), ($new, 2, 1)"),
                                refused(
                                        "progress_message_capped",
                                        "insert into progress (event, attempt, fraction, message) values ($new, 1, 0, repeat('x', 1001))")),
                        each(
                                "progress_attempt_positive",
                                "insert into progress (event, fraction, attempt) values ($new, 0, $value)",
                                "0",
                                "-1"),
                        each(
                                "progress_fraction_part",
                                "insert into progress (event, attempt, fraction) values ($new, 1, $value)",
                                "-0.01",
                                "1.01",
                                "'NaN'",
                                "'Infinity'"),
                        each(
                                "progress_told_at_finite",
                                "insert into progress (event, attempt, fraction, told_at) values ($new, 1, 0, $value)",
                                NEVER),
                        each(
                                "retried_created_at_finite",
                                "insert into retried (original, event, created_at) values ($id, $new, $value)",
                                NEVER),
                        each(
                                "expiry_look_at_finite",
                                "insert into expiry (event, look_at) values ($new, $value)",
                                NEVER),
                        each("attempt_reason_known", "update attempt set reason = $value", "''", "'LOST'", "'other'"),
                        each(
                                "attempt_started_at_finite",
                                "insert into attempt (event, attempt, reason, started_at) values ($new, 1, 'retry', $value)",
                                NEVER),
                        each("attempt_finished_at_finite", later.formatted("finished_at"), NEVER),
                        each("attempt_duration_finite", later.formatted("duration"), "-1", "'NaN'", "'Infinity'"),
                        each("attempt_late_at_finite", "update attempt set late_status = 2, late_at = $value", NEVER),
                        each(
                                "attempt_late_status_known",
                                "update attempt set late_at = now(), late_status = $value",
                                "-1",
                                "7"),
                        each("attempt_late_bytes_natural", "update attempt set late_bytes = $value", "-1"),
                        each("chunk_attempt_positive", "update chunk set attempt = $value", "0", "-1"),
                        each("chunk_created_at_finite", "update chunk set created_at = $value", NEVER))
                .flatMap(rows -> rows);
    }

    static Stream<Arguments> progressions() {
        return Stream.of(
                        Stream.of(
                                refused(
                                        "progression_pkey",
                                        "insert into progression (id, flow, name) values ($id, 1, 'x')"),
                                refused(
                                        "progression_flow_name_key",
                                        "insert into progression (flow, name) values (1, 'urgent')"),
                                refused(
                                        "progression_flow_fkey",
                                        "insert into progression (flow, name) values (99, 'x')"),
                                refused(
                                        "progression_metadata_capped",
                                        "update progression set metadata = " + bytes(1 << 20)),
                                refused(
                                        "progression_event_pkey",
                                        "insert into progression_event (progression, position, event) values ($id, 0, $id)"),
                                refused(
                                        "progression_event_progression_fkey",
                                        "insert into progression_event (progression, position, event) values ($new, 0, $id)"),
                                refused(
                                        "progression_event_event_fkey",
                                        "insert into progression_event (progression, position, event) values ($id, 1, $new)"),
                                refused(
                                        "progression_event_position_natural",
                                        "update progression_event set position = -1")),
                        each(
                                "progression_name_legal",
                                "insert into progression (flow, name) values (1, $value)",
                                NO_NAMES),
                        each(
                                "progression_name_free",
                                "insert into progression (flow, name) values (1, $value)",
                                "'pending'",
                                "'processing'",
                                "'completed'",
                                "'failed'",
                                "'cancelled'",
                                "'skipped'",
                                "'aborted'"),
                        each("progression_metadata_object", "update progression set metadata = $value", NO_OBJECTS),
                        each("progression_created_at_finite", "update progression set created_at = $value", NEVER))
                .flatMap(rows -> rows);
    }

    private static Stream<Arguments> all() {
        return Stream.of(
                        flowsAndLanes(),
                        events(),
                        pending(),
                        running(),
                        uniqueKeys(),
                        settled(),
                        attempts(),
                        progressions())
                .flatMap(rows -> rows);
    }

    @ParameterizedTest(name = "{0} [{index}]")
    @MethodSource({"flowsAndLanes", "events", "pending", "running", "uniqueKeys", "settled", "attempts", "progressions"
    })
    void constraint_brokenByPlainSql_refusesByItsName(String constraint, String sql) throws SQLException {
        assertThat(constraintThatRefuses(sql)).isEqualTo(constraint);
    }

    private String constraintThatRefuses(String sql) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set local search_path = millrace");
            try {
                statement.execute(sql);
                return "none: it was accepted";
            } catch (PSQLException e) {
                String constraint = e.getServerErrorMessage().getConstraint();
                return constraint == null ? e.getMessage() : constraint;
            } finally {
                connection.rollback();
            }
        }
    }

    @Test
    void constraints_all_areNamedForWhatTheyHoldAndTested() {
        List<String> named = database.list(
                String.class,
                "select conname::text from pg_constraint left join pg_class on pg_class.oid = conrelid" // or a domain's
                        + " where connamespace = 'millrace'::regnamespace and contype <> 'n'"
                        + " and relname is distinct from 'schema_history'"
                        + " union all select 'ready_claim'");
        Set<String> tested = all().map(row -> (String) row.get()[0]).collect(Collectors.toCollection(TreeSet::new));

        assertThat(tested).containsExactlyInAnyOrderElementsOf(named);
        assertThat(named)
                .allMatch(name -> !name.matches(".*(_check|_check\\d+|_key\\d+|_excl)")); // PostgreSQL's own inventions
    }

    @Test
    void indexes_all_sayWhichStatementTheyServe() {
        for (List<?> index : database.query(
                "select indexrelid::regclass::text, coalesce(obj_description(indexrelid), '') from pg_index"
                        + " join pg_class t on t.oid = indrelid"
                        + " where relnamespace = 'millrace'::regnamespace and relname <> 'schema_history' and relkind = 'r'")) {
            String comment = String.valueOf(index.getLast());
            assertThat(comment).as("comment on index " + index.getFirst()).contains(": ");
            for (String statement : comment.substring(0, comment.indexOf(':')).split(", ", -1)) {
                assertThat(statement.equals("unique")
                                || ConstraintTest.class.getResource("/dev/millrace/store/" + statement + ".sql")
                                        != null)
                        .as("index " + index.getFirst() + " serves '" + statement + "', a statement that exists")
                        .isTrue();
            }
        }
    }

    @Test
    void tables_all_areKeptThroughACrashAndSayWhatTheyAreFor() {
        assertThat(database.query(
                        "select relname::text, relpersistence::text = case relname when 'sleeper' then 'u' else 'p' end, obj_description(oid) is not null from pg_class"
                                + " where relnamespace = 'millrace'::regnamespace and relkind in ('r', 'p')"
                                + " and relname <> 'schema_history'"))
                .hasSizeGreaterThanOrEqualTo(14)
                .allSatisfy(table -> assertThat(table.subList(1, 3)).isEqualTo(List.of(true, true)));
        assertThat(
                        database.list(
                                String.class,
                                "select relname::text from pg_class where relnamespace = 'millrace'::regnamespace and relpersistence <> 'p'"))
                .as("what a crash may empty, with its index: who waits at the moment")
                .containsExactlyInAnyOrder("sleeper", "sleeper_pkey");
    }

    @Test
    void caps_atTheLimit_areAccepted() {
        assertThatCode(() -> database.execute("insert into event (id, priority, flow, type, payload, timeout, deadline)"
                        + " values ('00000000-0000-7000-8000-000000000003', -1e308, 1, repeat('é', 200), 'null', 315360000,"
                        + " '0001-01-01 00:00:00+00 BC')"))
                .doesNotThrowAnyException();
    }
}
