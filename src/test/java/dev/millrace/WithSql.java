package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.EventType;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

/** The ways to say the same append: by the library, and by SQL in the words of docs/sql.md. */
abstract class WithSql extends WithMillrace {
    static final String TYPE = "anything";

    private static final String ARGUMENTS = """
            w -> 'payload', (w ->> 'priority')::float8, (w ->> 'run_at')::timestamptz, (w ->> 'timeout')::float8,
            (w ->> 'deadline')::timestamptz, w -> 'metadata', w ->> 'unique_key', (w ->> 'id')::uuid, w ->> 'unique_scope',
            (w ->> 'unique_period')::float8, w ->> 'on_conflict', (w ->> 'streaming')::boolean,
            (w ->> 'delay')::float8, (w ->> 'max_crashes')::integer
            """;

    private static final String COLUMNS =
            "flow, type, payload, priority, run_at, timeout, deadline, metadata, unique_key, id,"
                    + " unique_scope, unique_period, on_conflict, streaming, delay, max_crashes";

    /** Reads and writes also what the library would not. */
    private static final ObjectMapper ANY_JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNumberLength(2_000)
                            .maxNameLength(100_000)
                            .build())
                    .streamWriteConstraints(StreamWriteConstraints.builder()
                            .maxNestingDepth(2_000)
                            .build())
                    .build())
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    WithSql(TestDatabase database) {
        super(database);
    }

    /** A payload of any shape. */
    @EventType(TYPE)
    record Anything(JsonNode value) {}

    /** How an append is said. */
    enum Way {
        LIBRARY,
        LIBRARY_ALL,
        APPEND,
        APPEND_MANY,
        INSERT,
        COPY;

        /** Whether what is wrong is said with its place in the batch. */
        boolean isBatch() {
            return this == LIBRARY_ALL || this == APPEND_MANY;
        }
    }

    /** What an append came to: an id, or a refusal. */
    record Answer(
            @Nullable UUID id,
            @Nullable String refusal,
            @Nullable String state) {}

    /** An append in the words of SQL: a payload and what is wished for it. */
    static ObjectNode said(String payload, String wishes) {
        try {
            ObjectNode said = (ObjectNode) ANY_JSON.readTree(wishes);
            said.set("payload", ANY_JSON.readTree("{\"value\":" + payload + "}"));
            return said;
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Appends in that way, to that flow. */
    final Answer append(Way way, String flow, ObjectNode said) throws SQLException {
        return switch (way) {
            case LIBRARY, LIBRARY_ALL -> byLibrary(way, flow, said);
            case APPEND ->
                bySql("select millrace.append(?, ?, " + ARGUMENTS + ") from (select ?::jsonb) x (w)", flow, TYPE, said);
            case APPEND_MANY ->
                bySql("select * from millrace.append_many(jsonb_build_array(?::jsonb), ?, ?)", said, flow, TYPE);
            case INSERT ->
                bySql(
                        "insert into millrace.enqueue (" + COLUMNS + ") select ?, ?, " + ARGUMENTS
                                + " from (select ?::jsonb) x (w) returning id",
                        flow,
                        TYPE,
                        said);
            case COPY -> byCopy(flow, said);
        };
    }

    private Answer byLibrary(Way way, String flow, ObjectNode said) {
        Anything payload = new Anything(said.get("payload").get("value"));
        try {
            Executor<Anything> executor =
                    millrace().executor(flow, Anything.class).build();
            UUID id = way == Way.LIBRARY
                    ? executor.append(payload, options(said))
                    : executor.appendAll(List.of(payload), given -> options(said))
                            .getFirst();
            return new Answer(id, null, null);
        } catch (RuntimeException e) {
            return new Answer(null, e.getMessage(), null);
        }
    }

    private Answer byCopy(String flow, ObjectNode said) throws SQLException {
        List<String> columns = new ArrayList<>(List.of(copied(flow), TYPE));
        for (String column : COLUMNS.substring("flow, type, ".length()).split(", ", -1)) {
            JsonNode value = said.path(column);
            boolean absent = value.isMissingNode() || value.isNull();
            columns.add(
                    absent
                            ? "\\N"
                            : copied(value.isTextual() ? value.asText().replaceFirst("^[+]1", "1") : text(value)));
        }
        try (Connection connection = database.connect()) {
            long copied = connection
                    .unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(
                            "copy millrace.enqueue (" + COLUMNS + ") from stdin",
                            new StringReader(String.join("\t", columns)));
            assertThat(copied).isEqualTo(1);
        } catch (PSQLException e) {
            return refusal(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bySql(
                "select e.id from millrace.event e join millrace.flow f on f.id = e.flow where f.name = ?"
                        + " order by e.created_at desc limit 1",
                flow);
    }

    /** A text as a line of COPY has it. */
    static String copied(String text) {
        return text.replace("\\", "\\\\")
                .replace("\t", "\\t")
                .replace("\n", "\\n")
                .replace("\r", "\\r");
    }

    private static String text(JsonNode json) {
        try {
            return ANY_JSON.writeValueAsString(json).replace("\"+1", "\"1"); // years after 9999 have no sign in SQL
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Answer refusal(PSQLException e) {
        return new Answer(
                null,
                Objects.requireNonNull(e.getServerErrorMessage()).getMessage(),
                Objects.requireNonNull(e.getSQLState()));
    }

    final Answer bySql(String sql, @Nullable Object... arguments) throws SQLException {
        try (Connection connection = database.connect()) {
            return bySql(connection, sql, arguments);
        }
    }

    static Answer bySql(Connection connection, String sql, @Nullable Object... arguments) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < arguments.length; i++) {
                @Nullable Object argument = arguments[i];
                statement.setObject(i + 1, argument instanceof JsonNode json ? text(json) : argument);
            }
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return new Answer(rows.getObject(1, UUID.class), null, null);
            }
        } catch (PSQLException e) {
            return refusal(e);
        }
    }

    /** The same wishes for the library. */
    static Append options(ObjectNode said) {
        Append options = Append.defaults();
        if (said.hasNonNull("priority")) {
            options =
                    options.withPriority(Double.parseDouble(said.get("priority").asText()));
        }
        if (said.hasNonNull("timeout")) {
            options = options.withTimeout(seconds(said, "timeout"));
        }
        if (said.hasNonNull("deadline")) {
            options = options.withDeadline(Instant.parse(said.get("deadline").asText()));
        }
        if (said.hasNonNull("run_at")) {
            options = options.withRunAt(Instant.parse(said.get("run_at").asText()));
        }
        if (said.hasNonNull("delay")) {
            options = new Append(
                    options.id(), options.terms(), options.metadata(), options.runAt(), seconds(said, "delay"));
        }
        if (said.hasNonNull("max_crashes")) {
            options = options.withMaxCrashes(said.get("max_crashes").asInt());
        }
        if (said.hasNonNull("metadata")) {
            options = options.withMetadata((ObjectNode) said.get("metadata"));
        }
        if (said.hasNonNull("id")) {
            options = options.withId(UUID.fromString(said.get("id").asText()));
        }
        if (said.path("streaming").asBoolean()) {
            options = options.streamed();
        }
        return said.hasNonNull("unique_key") ? unique(options, said) : options;
    }

    private static Append unique(Append options, ObjectNode said) {
        UniqueScope scope =
                switch (said.path("unique_scope").asText(said.has("unique_period") ? "period" : "settled")) {
                    case "pending" -> UniqueScope.whilePending();
                    case "settled" -> UniqueScope.untilSettled();
                    case "forever" -> UniqueScope.forever();
                    default -> UniqueScope.within(seconds(said, "unique_period"));
                };
        return options.withUniqueKey(said.get("unique_key").asText(), scope)
                .onConflict(
                        switch (said.path("on_conflict").asText("return")) {
                            case "return" -> OnConflict.RETURN_EXISTING;
                            case "replace" -> OnConflict.REPLACE_PENDING;
                            default -> OnConflict.FAIL;
                        });
    }

    private static Duration seconds(ObjectNode said, String field) {
        return Duration.ofNanos(said.get(field).decimalValue().movePointRight(9).longValueExact());
    }

    /** Everything stored in a flow, in order of append, as text; without ids, and without times that nobody gave. */
    final List<String> stored(String flow) {
        List<String> rows = new ArrayList<>(database.list(String.class, """
                select concat_ws(' | ', s.status, e.type, e.payload, e.metadata, case
                        when e.priority = extract(epoch from e.created_at)::float8 then 'time' else e.priority::text end,
                    case when q.priority = e.priority then 'same' else q.priority::text end, e.timeout, e.deadline, e.streaming,
                    case when mod(extract(microseconds from q.run_at - e.created_at), 500000) = 0
                        then 'after ' || (q.run_at - e.created_at) else q.run_at::text end,
                    q.attempt, q.failures, q.denials, q.deaths, l.type, o.status, o.error ->> 'error', u.key, u.scope,
                    u.expires_at - e.created_at, x.look_at, 'deaths ' || p.max_crashes)
                from event e
                join event_status s on s.id = e.id
                join flow f on f.id = e.flow
                left join (
                    select id, position, lane, priority, null as run_at, attempt, failures, denials, deaths from ready
                    union all
                    select id, position, lane, priority, run_at, attempt, failures, denials, deaths from scheduled
                ) q on q.id = e.id
                left join lane l on l.id = q.lane
                left join outcome o on o.id = e.id
                left join unique_key u on u.event = e.id
                left join expiry x on x.event = e.id
                left join event_option p on p.event = e.id
                where f.name = ?
                order by e.created_at, q.position
                """, flow));
        rows.addAll(database.list(String.class, """
                select concat_ws(' ', 'count', coalesce(status_name(status), 'scheduled'), sum(n))
                from (
                    select flow, status, n from status_count union all select flow, status, n from status_delta
                ) parts
                join flow f on f.id = parts.flow
                where f.name = ?
                group by status
                order by status
                """, flow));
        return rows;
    }

    /** The refusal as the library says it of one alone. */
    static @Nullable String alone(Way way, @Nullable String refusal) {
        String prefix = "index 0 of 1: ";
        return refusal == null || !way.isBatch() || !refusal.startsWith(prefix)
                ? refusal
                : refusal.substring(prefix.length()).replaceFirst("; nothing was stored$", "");
    }

    static List<Way> otherWays() {
        return Arrays.stream(Way.values()).filter(way -> way != Way.LIBRARY).toList();
    }
}
