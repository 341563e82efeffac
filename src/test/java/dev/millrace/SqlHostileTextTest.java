package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.millrace.event.EndedException;
import dev.millrace.event.Errors;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Names;
import dev.millrace.event.NotFoundException;
import dev.millrace.postgres.Fingerprint;
import dev.millrace.postgres.HostileTexts;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.TestDatabase;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/**
 * Every hostile text through every SQL function, view and column that takes one: kept to the byte or refused in the library's
 * words, and nothing else happens.
 */
@NotPooled("makes a function in its session")
class SqlHostileTextTest extends WithSql {
    private static final Pattern DANGEROUS = Pattern.compile(
            "[\\p{Cc}\\u2028\\u2029\\u202A-\\u202E\\u2066-\\u2069\\uD800-\\uDFFF&&[^\\x{10000}-\\x{10FFFF}]]");
    private static final String INVALID = "22023";
    private static final String NOT_FOUND = "MR002";

    private final List<String> texts;
    private Connection connection;
    private List<String> catalog;

    SqlHostileTextTest(TestDatabase database) {
        super(database);
        boolean knowsAllCharacters =
                database.longValue("select current_setting('server_version_num')::integer") >= 170_000;
        texts = HostileTexts.all().stream()
                .filter(HostileTexts::isStorable)
                .filter(text -> knowsAllCharacters
                        || text.codePoints().allMatch(c -> Character.getType(c) != Character.UNASSIGNED))
                .toList();
    }

    @BeforeEach
    void open() throws SQLException {
        System.out.println("seed of the random hostile texts: " + HostileTexts.SEED);
        connection = database.connect();
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create function pg_temp.attempt(sql text, given text) returns text[] language plpgsql as $$
                    declare
                        said text;
                    begin
                        execute sql into said using given;
                        return array['', said];
                    exception when others then
                        return array[sqlstate, sqlerrm];
                    end $$
                    """);
        }
        catalog = Fingerprint.of(database).catalog();
    }

    @AfterEach
    void close() throws SQLException {
        assertThat(Fingerprint.of(database).catalog()).isEqualTo(catalog);
        connection.close();
    }

    /** What came of it: an empty state and a value, or the state and the message of a refusal. */
    private record Tried(String state, @Nullable String said) {}

    /** Executes a statement with each text for its only parameter, in this order, and checks what a refusal looks like. */
    private Map<String, Tried> attempts(String sql) throws SQLException {
        Map<String, Tried> all = new LinkedHashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "select pg_temp.attempt(?, t) from unnest(?::text[]) with ordinality as x (t, n) order by n")) {
            statement.setString(1, sql);
            statement.setArray(2, connection.createArrayOf("text", texts.toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                for (String text : texts) {
                    rows.next();
                    String[] tried = (String[]) rows.getArray(1).getArray();
                    all.put(text, new Tried(tried[0], tried[1]));
                    if (!tried[0].isEmpty()) {
                        assertThat(DANGEROUS.matcher(tried[1]).find())
                                .as("%s: %s", sql, HostileTexts.shown(tried[1]))
                                .isFalse();
                    }
                }
            }
        }
        return all;
    }

    /** What the library says to refuse a text; null if it does not. */
    private static @Nullable String refusal(Consumer<String> rule, String text) {
        Throwable refusal = catchThrowable(() -> rule.accept(text));
        if (refusal == null) {
            return null;
        }
        assertThat(refusal).isInstanceOf(IllegalArgumentException.class);
        return requireNonNull(refusal.getMessage());
    }

    /** The texts that are accepted, once all that the library refuses have been refused in its words. */
    private List<String> accepted(String sql, Consumer<String> rule) throws SQLException {
        List<String> accepted = new ArrayList<>();
        attempts(sql).forEach((text, tried) -> {
            String refusal = refusal(rule, text);
            if (refusal == null) {
                assertThat(tried.state())
                        .as("%s: %s: %s", sql, HostileTexts.shown(text), tried.said())
                        .isEmpty();
                accepted.add(text);
            } else {
                assertThat(tried).as(sql).isEqualTo(new Tried(INVALID, refusal));
            }
        });
        assertThat(accepted).hasSizeGreaterThan(250);
        return accepted;
    }

    @Test
    void corpus_ofTexts_hasFiveHundred() {
        assertThat(HostileTexts.all()).hasSizeGreaterThanOrEqualTo(500);
        assertThat(texts).hasSizeGreaterThan(450);
    }

    @Test
    void flowNames_toAppendTo_areKeptOrRefusedAndFoundInEveryView() throws SQLException {
        Consumer<String> rule = text -> Names.check("flow name", text);
        List<String> kept = accepted("select millrace.append($1, 't', '1')", rule);
        assertThat(accepted("select millrace.append_many('[{\"payload\":1}]', $1, 't')", rule))
                .isEqualTo(kept);
        assertThat(accepted(
                        "select millrace.append_many(jsonb_build_array(jsonb_build_object('payload', 1, 'flow', $1)), null, 't')",
                        rule))
                .isEqualTo(kept);
        assertThat(accepted(
                        "insert into millrace.enqueue (flow, type, payload) values ($1, 't', '1') returning id", rule))
                .isEqualTo(kept);

        assertThat(database.list(String.class, "select name from flow order by id"))
                .isEqualTo(kept);
        for (String view : List.of("flow_status", "event_status", "progression_member")) {
            assertThat(found("select flow from millrace." + view + " where flow = $1 limit 1"))
                    .isEqualTo(kept);
        }
        assertThat(database.longValue("select count(*) from event")).isEqualTo(4L * kept.size());
    }

    /** The texts that a query answers with themselves; the others it answers with nothing. */
    private List<String> found(String sql) throws SQLException {
        List<String> found = new ArrayList<>();
        attempts(sql).forEach((text, tried) -> {
            assertThat(tried.state()).as(tried.said()).isEmpty();
            if (tried.said() != null) {
                assertThat(tried.said()).isEqualTo(text);
                found.add(text);
            }
        });
        return found;
    }

    @Test
    void flowNames_toAskOf_areFoundOrRefused() throws SQLException {
        List<String> flows = accepted("select millrace.append($1, 't', '1')", text -> Names.check("flow name", text));
        for (String sql : List.of(
                "select string_agg(n::text, '') from millrace.status_counts($1)",
                "select millrace.inspect_state($1)",
                "select place from millrace.members($1, 'pending')",
                "select place from millrace.latest_members($1, 'failed')",
                "select place from millrace.failed($1)",
                "select millrace.failed_count($1)::text",
                "select millrace.cancel_all($1, 'why', types => array['none'])::text",
                "select millrace.retry_all($1, error => $1)::text",
                "select millrace.cleanup_events($1)::text",
                "select millrace.pause_flow($1, 'why')",
                "select millrace.resume_flow($1)")) {
            attempts(sql).forEach((text, tried) -> {
                if (!flows.contains(text)) {
                    assertThat(tried)
                            .as(sql)
                            .isEqualTo(new Tried(NOT_FOUND, "Flow " + Names.quoted(text) + " not found"));
                } else {
                    assertThat(tried.state()).as(sql).isEmpty();
                    assertThat(sql.contains("inspect") ? requireNonNull(tried.said()) : text)
                            .startsWith(sql.contains("inspect") ? "Executor State (" + text + "):\n" : text);
                }
            });
        }
        assertThat(database.longValue("select count(*) from flow where paused_at is not null"))
                .isZero();
    }

    @Test
    void typeNames_areKeptOrRefused() throws SQLException {
        Consumer<String> rule = text -> Names.check("event type name", text);
        List<String> kept = accepted("select millrace.append('f', $1, '1')", rule);
        assertThat(accepted("select millrace.append_many('[{\"payload\":1}]', 'f', $1)", rule))
                .isEqualTo(kept);
        assertThat(accepted(
                        "insert into millrace.enqueue (flow, type, payload) values ('f', $1, '1') returning id", rule))
                .isEqualTo(kept);

        assertThat(database.list(String.class, "select type from lane order by id"))
                .isEqualTo(kept);
        assertThat(found("select type from millrace.event_status where type = $1 limit 1"))
                .isEqualTo(kept);
    }

    @Test
    void uniqueKeys_areKeptOrRefused() throws SQLException {
        Consumer<String> rule = Append::uniqueKey;
        List<String> kept = accepted("select millrace.append('f', 't', '1', unique_key => $1)", rule);
        assertThat(accepted(
                        "insert into millrace.enqueue (flow, type, payload, unique_key) values ('f', 't', '2', $1) returning id",
                        rule))
                .isEqualTo(kept);
        String many =
                "select millrace.append_many(jsonb_build_array(jsonb_build_object('payload', 3, 'unique_key', $1)), 'f', 't')";
        UnaryOperator<String> inBatch = message -> "index 0 of 1: " + message + "; nothing was stored";
        assertThat(accepted(many, text -> {
                    String refusal = refusal(rule, text);
                    if (refusal != null) {
                        throw new IllegalArgumentException(inBatch.apply(refusal));
                    }
                }))
                .isEqualTo(kept);

        assertThat(database.list(
                        String.class,
                        "select key from unique_key k join event e on e.id = k.event order by e.created_at"))
                .isEqualTo(kept);
        assertThat(database.longValue("select count(*) from event where payload = '1'"))
                .isEqualTo(kept.size());
        assertThat(database.longValue("select count(*) from event")).isEqualTo(kept.size());
    }

    @Test
    void copy_ofNamesAndKeys_keepsThem() throws Exception {
        List<String> names = texts.stream()
                .filter(text -> refusal(name -> Names.check("name", name), text) == null)
                .toList();
        StringBuilder lines = new StringBuilder();
        names.forEach(name -> lines.append((copied(name) + "\t").repeat(3)).append("1\n"));
        assertThat(connection
                        .unwrap(PGConnection.class)
                        .getCopyAPI()
                        .copyIn(
                                "copy millrace.enqueue (flow, type, unique_key, payload) from stdin",
                                new StringReader(lines.toString())))
                .isEqualTo(names.size());

        assertThat(database.list(
                        String.class,
                        "select f.name from event e join flow f on f.id = e.flow join unique_key k on k.event = e.id"
                                + " where e.type = f.name and k.key = f.name order by e.created_at"))
                .isEqualTo(names);
    }

    @Test
    void payloadsAndMetadata_areKept() throws SQLException {
        for (String sql : List.of(
                "select millrace.append('f', 't', jsonb_build_object($1, $1), metadata => jsonb_build_object($1, $1))",
                "insert into millrace.enqueue (flow, type, payload, metadata)"
                        + " values ('f', 't', jsonb_build_object($1, $1), jsonb_build_object($1, $1)) returning id",
                """
                select millrace.append_many(jsonb_build_array(jsonb_build_object('payload', jsonb_build_object($1, $1),
                    'metadata', jsonb_build_object($1, $1))), 'f', 't')
                """)) {
            database.truncateAll();
            attempts(sql)
                    .forEach((text, tried) -> assertThat(tried.state())
                            .as(tried.said())
                            .isEqualTo(HostileTexts.isNote(text) ? "" : INVALID));
            assertThat(database.list(
                            String.class,
                            "select e.key from event, jsonb_each_text(payload) e, jsonb_each_text(metadata) m"
                                    + " where e = m and e.key = e.value order by created_at, id"))
                    .containsExactlyInAnyOrderElementsOf(
                            texts.stream().filter(HostileTexts::isNote).toList());
        }
    }

    @Test
    void reasons_areKeptAsTheLibraryKeepsThem() throws SQLException {
        for (EventStatus status : List.of(EventStatus.CANCELLED, EventStatus.SKIPPED)) {
            attempts("select millrace.%s(millrace.append('f', 't', to_jsonb($1)), $1)"
                            .formatted(status == EventStatus.CANCELLED ? "cancel" : "skip"))
                    .values()
                    .forEach(tried -> assertThat(tried).isEqualTo(new Tried("", "true")));
            assertThat(database.list(
                            String.class,
                            "select error ->> 'message' from outcome join event using (id)"
                                    + " where error ->> 'message' = payload #>> '{}' and status_name(status) = ? order by position",
                            status.wireName()))
                    .isEqualTo(texts.stream()
                            .map(text -> Errors.document(new EndedException(status, text))
                                    .get("message")
                                    .textValue())
                            .toList());
        }
    }

    @Test
    void pauseReasons_areKeptOrRefused() throws SQLException {
        millrace().executor("f", Anything.class).build();
        List<String> kept = new ArrayList<>();
        String sql = """
                with paused as materialized (select millrace.pause_flow('f', $1)::text as told)
                select case when told is not null then $1 end from paused
                """;
        for (String text : accepted(sql, given -> Names.check("pause reason", given))) {
            kept.add(text);
        }
        assertThat(database.text("select pause_reason from flow")).isEqualTo(kept.getFirst());
        for (String text : List.of(kept.get(1), kept.getLast())) {
            database.query("select resume_flow('f')");
            database.query("select pause_flow('f', ?)", text);
            assertThat(database.text("select pause_reason from flow_status")).isEqualTo(text);
            assertThat(database.text("select inspect_state('f')")).endsWith(": " + text);
        }
    }

    @Test
    void progressionNames_areFoundOrRefusedByBoth() throws SQLException {
        Executor<Anything> flow = millrace().executor("f", Anything.class).build();
        UserProgressions progressions = flow.progressions();
        UUID member = database.list(UUID.class, "select append('f', 't', '1')").getFirst();
        List<String> kept = new ArrayList<>();
        for (String text : HostileTexts.all()) {
            try {
                progressions.add(text);
                progressions.append(text, member);
                assertThat(progressions.get(text).order()).containsExactly(member);
                kept.add(text);
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).startsWith("progression name ").doesNotContainPattern(DANGEROUS);
                if (!text.equals("pending")) {
                    assertThatThrownBy(() -> progressions.get(text))
                            .isInstanceOf(NotFoundException.class)
                            .hasMessage("Progression " + Names.quoted(text) + " not found in flow");
                    assertThatThrownBy(() -> progressions.remove(text)).isInstanceOf(NotFoundException.class);
                }
            }
        }
        assertThat(kept).hasSizeGreaterThan(250);
        for (String text : List.of("completed", "a\nb", "\u202Ea", "\uD83D", "a ")) {
            assertThatThrownBy(() -> progressions.update(kept.getFirst(), progression -> {
                        progression.rename(text);
                        return text;
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("progression name ");
        }
        assertThat(database.list(String.class, "select name from progression order by created_at, id"))
                .containsExactlyInAnyOrderElementsOf(kept);
        attempts("select id from millrace.members('f', $1)")
                .forEach((text, tried) -> assertThat(tried)
                        .isEqualTo(
                                kept.contains(text) || text.equals("pending")
                                        ? new Tried("", member.toString())
                                        : new Tried(
                                                NOT_FOUND,
                                                "Progression " + Names.quoted(text) + " not found in flow")));
        assertThat(found("select progression from millrace.progression_member where flow = 'f' and progression = $1"))
                .containsAll(kept)
                .hasSize(kept.size() + 1);
    }

    @Test
    void textsThatMustBeSomethingElse_areRefusedByNameAndStoreNothing() throws SQLException {
        for (String what : List.of("unique_scope", "on_conflict")) {
            attempts("select millrace.append('f', 't', '1', unique_key => 'k', " + what + " => $1)")
                    .forEach((text, tried) -> {
                        if (!text.equals("pending")) { // which is a scope
                            assertThat(tried.said())
                                    .startsWith(what + " must be ")
                                    .endsWith(", got " + Names.quoted(text));
                        }
                    });
        }
        database.truncateAll();
        Executor<Anything> flow = millrace().executor("f", Anything.class).build();
        attempts("select place from millrace.members('f', 'pending', $1)")
                .forEach((text, tried) -> assertThat(tried)
                        .isEqualTo(new Tried(
                                INVALID, refusal(given -> flow.events(EventStatus.PENDING, given, 10), text))));
        for (String time : List.of("run_at", "deadline")) {
            attempts("select millrace.append_many(jsonb_build_array(jsonb_build_object('payload', 1, '" + time
                            + "', $1)), 'f', 't')")
                    .forEach((text, tried) -> assertThat(tried.state()).as(text).isEqualTo(INVALID));
        }
        attempts("select millrace.append_many(jsonb_build_array(jsonb_build_object('payload', 1, $1, 1)), 'f', 't')")
                .forEach((text, tried) -> assertThat(tried.said())
                        .startsWith("index 0 of 1: unknown key " + Names.quoted(text) + "; there are flow, type"));
        assertThat(Fingerprint.of(database).holdsNoEvent()).isTrue();
    }

    @Test
    void nul_isRefusedByTheServer() throws SQLException {
        List<String> calls = List.of(
                "select millrace.append(?, 't', '1')",
                "select millrace.append('f', ?, '1')",
                "select millrace.append('f', 't', '1', unique_key => ?)",
                "insert into millrace.enqueue (flow, type, payload) values (?, 't', '1')",
                "select millrace.inspect_state(?)");
        for (String text : HostileTexts.all()) {
            if (text.indexOf('\0') >= 0) {
                for (String call : calls) {
                    try (PreparedStatement statement = connection.prepareStatement(call)) {
                        assertThatThrownBy(() -> {
                                    statement.setString(1, text);
                                    statement.execute();
                                })
                                .as(HostileTexts.shown(text))
                                .isInstanceOf(SQLException.class)
                                .extracting(e -> ((SQLException) e).getSQLState())
                                .isEqualTo("22021");
                    }
                }
            }
        }
        assertThat(Fingerprint.of(database).holdsNoEvent()).isTrue();
        assertThat(database.longValue("select count(*) from flow")).isZero();
    }
}
