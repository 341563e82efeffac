package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.Terms;
import dev.millrace.event.ValidationException;
import dev.millrace.postgres.Fingerprint;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever way in a bad event takes, it is refused with its path or name, and nothing of it or its batch is stored. */
@PostgresTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadInputTest {
    private static final int CAP = 10_000;

    private final TestDatabase database;
    private Millrace millrace;
    private Executor<Call> calls;
    private Fingerprint before;

    BadInputTest(TestDatabase database) {
        this.database = database;
    }

    record Call(String name, Object value) {}

    /** Says what it holds only when it is written. */
    record Throwing(String secret) {
        @SuppressWarnings("unused") // Jackson reads it
        public String getDetail() {
            if (!secret.isEmpty()) {
                throw new IllegalStateException("secret " + secret);
            }
            return secret;
        }
    }

    @BeforeAll
    void connect() {
        millrace = Millrace.builder()
                .dataSource(database.newPool(4))
                .payloadCap(CAP)
                .connect();
        calls = millrace.executor("calls", Call.class).build();
        before = Fingerprint.of(database);
    }

    @AfterAll
    void close() {
        millrace.close();
    }

    /** A way in that takes one event, alone or between good ones. */
    @FunctionalInterface
    interface Way {
        void append(Executor<Call> calls, TestDatabase database, Call payload) throws SQLException;
    }

    private static final Call GOOD = new Call("good", 1);

    private static List<Call> around(Call payload) {
        return Arrays.asList(GOOD, payload, GOOD);
    }

    private static List<Event<Call>> eventsAround(Executor<Call> calls, Call payload) {
        return around(payload).stream()
                .map(call -> calls.newEvent(call, Append.defaults()))
                .toList();
    }

    private static void within(TestDatabase database, Transaction work) throws SQLException {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            try {
                work.run(connection);
            } finally {
                connection.commit(); // what was refused must not be in it, and the transaction must not be broken
            }
        }
    }

    private interface Transaction {
        void run(Connection connection) throws SQLException;
    }

    static final Map<String, Way> SINGLE = Map.of(
            "append", (calls, database, payload) -> calls.append(payload),
            "append with options", (calls, database, payload) -> calls.append(payload, Append.priority(1)),
            "append an event", (calls, database, payload) -> calls.append(calls.newEvent(payload, Append.defaults())),
            "append in a transaction",
                    (calls, database, payload) -> within(database, connection -> calls.append(connection, payload)),
            "append in a transaction with options",
                    (calls, database, payload) ->
                            within(database, connection -> calls.append(connection, payload, Append.priority(1))));

    static final Map<String, Way> BATCH = Map.of(
            "appendAll", (calls, database, payload) -> calls.appendAll(around(payload)),
            "appendEvents", (calls, database, payload) -> calls.appendEvents(eventsAround(calls, payload)),
            "appendAbsent", (calls, database, payload) -> calls.appendAbsent(eventsAround(calls, payload)));

    private static Call call(Object value) {
        return new Call("bad", value);
    }

    private static Object nested(int levels) {
        Object value = 1;
        for (int i = 0; i < levels; i++) {
            value = List.of(value);
        }
        return value;
    }

    private static Object cyclic() {
        List<Object> cyclic = new ArrayList<>();
        cyclic.add(cyclic);
        return cyclic;
    }

    static Stream<Arguments> refusedPayloads() {
        return Stream.of(
                Arguments.of("NUL", call("a\u0000b"), "$.value", "nul"),
                Arguments.of("NUL in a key", call(Map.of("a\u0000b", 1)), "$.value['a\\u0000b']", "nul"),
                Arguments.of("high surrogate", call(List.of("a", "\uD83D")), "$.value[1]", "surrogate"),
                Arguments.of("low surrogate", call(Map.of("a.b", "\uDE00x")), "$.value['a.b']", "surrogate"),
                Arguments.of("pair in the wrong order", new Call("\uDE00\uD83D", 1), "$.name", "surrogate"),
                Arguments.of("NaN", call(Double.NaN), "$.value", "not_finite"),
                Arguments.of("Infinity", call(List.of(Float.NEGATIVE_INFINITY)), "$.value[0]", "not_finite"),
                Arguments.of("1,001 digits", call(BigInteger.TEN.pow(1_000)), "$.value", "number_too_long"),
                Arguments.of("a cycle", call(cyclic()), "$.value", "too_deep"),
                Arguments.of("501 levels", call(nested(501)), "$.value", "too_deep"),
                Arguments.of("over the cap", call("x".repeat(CAP)), "$", "too_large"),
                Arguments.of("a getter that throws", call(new Throwing("canary-4711")), "$.value.detail", "unwritable"),
                Arguments.of("no properties", call(new Object()), "$.value", "unwritable"),
                Arguments.of("a class", call(String.class), "$.value", "unwritable"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusedPayloads")
    void append_whatCannotBeStored_isRefusedWithItsPathByEveryWay(String what, Call bad, String path, String reason) {
        SINGLE.forEach((way, append) -> assertThatExceptionOfType(ValidationException.class)
                .as(way)
                .isThrownBy(() -> append.append(calls, database, bad))
                .withMessageStartingWith("payload refused at " + path)
                .satisfies(e -> {
                    assertThat(e.details().get("path")).asString().startsWith(path);
                    assertThat(e.details()).containsEntry("reason", reason);
                    assertThat(e.getMessage()).doesNotContain("canary-4711");
                }));
        nothingIsStored();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusedPayloads")
    void appendAll_oneBadAmongGood_storesNoneAndNamesItsIndex(String what, Call bad, String path, String reason) {
        BATCH.forEach((way, append) -> assertThatExceptionOfType(ValidationException.class)
                .as(way)
                .isThrownBy(() -> append.append(calls, database, bad))
                .withMessageStartingWith("index 1 of 3: payload refused at " + path)
                .withMessageEndingWith("; nothing was stored")
                .satisfies(e -> assertThat(e.details())
                        .containsEntry("index", 1)
                        .containsEntry("reason", reason)
                        .containsKey("path")));
        nothingIsStored();
    }

    @Test
    void appendAll_badFarBack_namesThatIndex() {
        List<Call> payloads = new ArrayList<>();
        for (int i = 0; i < 2_500; i++) {
            payloads.add(i == 2_400 ? call("\u0000") : GOOD);
        }

        assertThatThrownBy(() -> calls.appendAll(payloads)).hasMessageStartingWith("index 2400 of 2500: ");
        nothingIsStored();
    }

    @Test
    @SuppressWarnings({"unchecked", "rawtypes"}) // a caller that lost its types
    @DisplayName("R-083 a payload of a class that is not registered is refused, alone and in a batch")
    void append_wrongType_isRefused() {
        Executor raw = calls;
        assertThatThrownBy(() -> raw.append("text"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("java.lang.String")
                .hasMessageContaining("Call");
        assertThatThrownBy(() -> raw.appendAll((Collection) List.of(GOOD, "text")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("index 1 of 2: ")
                .hasMessageContaining("java.lang.String");
        nothingIsStored();
    }

    static Stream<Arguments> nulls() {
        return Stream.of(
                Arguments.of("payload", "payload", (Way) (calls, database, none) -> calls.append((Call) null)),
                Arguments.of("event", "event", (Way) (calls, database, none) -> calls.append((Event<Call>) null)),
                Arguments.of("options", "options", (Way) (calls, database, none) -> calls.append(GOOD, null)),
                Arguments.of("new event", "payload", (Way)
                        (calls, database, none) -> calls.newEvent(null, Append.defaults())),
                Arguments.of(
                        "new event's options", "options", (Way) (calls, database, none) -> calls.newEvent(GOOD, null)),
                Arguments.of("connection", "connection", (Way) (calls, database, none) -> calls.append(null, GOOD)),
                Arguments.of("payload in a transaction", "payload", (Way)
                        (calls, database, none) -> within(database, connection -> calls.append(connection, null))),
                Arguments.of(
                        "payloads", "payloads", (Way) (calls, database, none) -> calls.appendAll((List<Call>) null)),
                Arguments.of("one payload", "index 1 of 3: payload", (Way)
                        (calls, database, none) -> calls.appendAll(around(null))),
                Arguments.of("events", "events", (Way) (calls, database, none) -> calls.appendEvents(null)),
                Arguments.of("one event", "index 0 of 1: event", (Way)
                        (calls, database, none) -> calls.appendEvents(Arrays.asList((Event<Call>) null))),
                Arguments.of("absent events", "events", (Way) (calls, database, none) -> calls.appendAbsent(null)),
                Arguments.of("one absent event", "index 0 of 1: event", (Way)
                        (calls, database, none) -> calls.appendAbsent(Arrays.asList((Event<Call>) null))),
                Arguments.of("an event's id", "id", (Way) (calls, database, none) -> {
                    Event<Call> event = calls.newEvent(GOOD, Append.defaults());
                    calls.append(new Event<>(
                            null,
                            event.createdAt(),
                            event.type(),
                            event.payload(),
                            event.metadata(),
                            event.terms(),
                            event.execution()));
                }),
                Arguments.of("terms", "terms", (Way) (calls, database, none) ->
                        calls.append(GOOD, new Append(null, null, JsonNodeFactory.instance.objectNode(), null, null))),
                Arguments.of("metadata", "metadata", (Way) (calls, database, none) ->
                        calls.append(GOOD, Append.defaults().withMetadata(null))),
                Arguments.of("note's key", "key", (Way) (calls, database, none) ->
                        calls.append(GOOD, Append.defaults().withNote(null, "x"))),
                Arguments.of("note's value", "value", (Way) (calls, database, none) ->
                        calls.append(GOOD, Append.defaults().withNote("x", null))),
                Arguments.of("reason", "reason", (Way) (calls, database, none) -> calls.skip(UUID.randomUUID(), null)),
                Arguments.of("id", "id", (Way) (calls, database, none) -> calls.retry(null)),
                Arguments.of("id to cancel", "id", (Way) (calls, database, none) -> calls.cancel(null, "x")),
                Arguments.of("id to find", "id", (Way) (calls, database, none) -> calls.event(null)),
                Arguments.of("statuses", "statuses", (Way) (calls, database, none) -> calls.cleanupEvents(null)),
                Arguments.of("status", "status", (Way) (calls, database, none) -> calls.events((EventStatus) null)),
                Arguments.of("status name", "status", (Way) (calls, database, none) -> calls.events((String) null)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("nulls")
    void append_null_isRefusedByName(String what, String named, Way way) {
        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> way.append(calls, database, GOOD))
                .withMessageStartingWith(named);
        nothingIsStored();
    }

    static Stream<Arguments> badOptions() {
        return Stream.of(
                Arguments.of(
                        "R-046 NaN priority",
                        (Options) () -> Append.priority(Double.NaN),
                        "Priority must be finite and not NaN, got NaN"),
                Arguments.of(
                        "R-046 infinite priority",
                        (Options) () -> Append.priority(Double.POSITIVE_INFINITY),
                        "Priority must be finite and not NaN, got Infinity"),
                Arguments.of(
                        "R-046 negative infinite priority",
                        (Options) () -> Append.defaults().withPriority(Double.NEGATIVE_INFINITY),
                        "Priority must be finite"),
                Arguments.of(
                        "R-004 zero timeout",
                        (Options) () -> Append.timeout(Duration.ZERO),
                        "timeout must be positive, got 0.0"),
                Arguments.of(
                        "R-004 negative timeout",
                        (Options) () -> Append.timeout(Duration.ofMillis(-1)),
                        "timeout must be positive, got -0.001"),
                Arguments.of(
                        "R-004 endless timeout",
                        (Options) () -> Append.timeout(Duration.ofSeconds(Long.MAX_VALUE)),
                        "timeout must be finite, at most 3650 days"),
                Arguments.of(
                        "R-004 NaN timeout",
                        (Options) () -> Append.timeout(Terms.timeoutOfSeconds(Double.NaN)),
                        "timeout must be finite, got NaN"),
                Arguments.of(
                        "deadline at the end of time",
                        (Options) () -> Append.defaults().withDeadline(Instant.MAX),
                        "deadline must lie in the years 1 to 9999"),
                Arguments.of(
                        "deadline at its beginning",
                        (Options) () -> Append.defaults().withDeadline(Instant.MIN),
                        "deadline must lie in the years 1 to 9999"),
                Arguments.of(
                        "run-at at the end of time",
                        (Options) () -> Append.defaults().withRunAt(Instant.MAX),
                        "runAt must lie in the years 1 to 9999"),
                Arguments.of(
                        "run-at at its beginning",
                        (Options) () -> Append.defaults().withRunAt(Instant.MIN),
                        "runAt must lie in the years 1 to 9999"),
                Arguments.of(
                        "negative delay",
                        (Options) () -> Append.delay(Duration.ofNanos(-1)),
                        "delay must not be negative and at most 3650 days, got -0.000000001s"),
                Arguments.of(
                        "endless delay",
                        (Options) () -> Append.delay(Duration.ofSeconds(Long.MAX_VALUE)),
                        "delay must not be negative and at most 3650 days"),
                Arguments.of(
                        "delay and time",
                        (Options) () -> new Append(
                                null,
                                Terms.DEFAULT,
                                JsonNodeFactory.instance.objectNode(),
                                Instant.EPOCH,
                                Duration.ofSeconds(1)),
                        "runAt and delay exclude each other"));
    }

    interface Options {
        Append make();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badOptions")
    void append_optionsOutOfBounds_areRefused(String what, Options options, String message) {
        assertThatThrownBy(() -> calls.append(GOOD, options.make()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
        nothingIsStored();
    }

    static Stream<Arguments> badMetadata() {
        ObjectNode deep = JsonNodeFactory.instance.objectNode();
        ObjectNode inner = deep;
        for (int i = 0; i < 500; i++) {
            inner = inner.putObject("a");
        }
        return Stream.of(
                Arguments.of(Append.defaults().withNote("k", "\u0000"), "metadata refused at $.k"),
                Arguments.of(Append.defaults().withNote("\uD800", "v"), "metadata refused at $['\\uD800']"),
                Arguments.of(Append.defaults().withNote("k", "x".repeat(70_000)), "metadata refused at $"),
                Arguments.of(Append.defaults().withMetadata(deep), "metadata refused at $.a.a"));
    }

    @ParameterizedTest
    @MethodSource("badMetadata")
    void append_badMetadata_isRefusedWithItsPath(Append options, String message) {
        assertThatThrownBy(() -> calls.append(GOOD, options))
                .isInstanceOf(ValidationException.class)
                .hasMessageStartingWith(message);
        assertThatThrownBy(() -> calls.appendEvents(List.of(calls.newEvent(GOOD, options))))
                .isInstanceOf(ValidationException.class)
                .hasMessageStartingWith("index 0 of 1: " + message);
        nothingIsStored();
    }

    @Test
    @DisplayName("R-074 an id that stands twice in a batch is refused with both places")
    void appendEvents_oneIdTwice_isRefused() {
        UUID id = UUID.randomUUID();
        Event<Call> event = calls.newEvent(GOOD, Append.defaults().withId(id));
        Event<Call> namesake = calls.newEvent(call(2), Append.defaults().withId(id));

        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> calls.appendEvents(List.of(event, calls.newEvent(GOOD, Append.defaults()), event)))
                .withMessage("event " + id + " stands twice in the batch, at index 0 and 2; nothing was stored")
                .satisfies(e -> assertThat(e.details()).containsEntry("id", id.toString()));
        assertThatExceptionOfType(ExistsException.class)
                .isThrownBy(() -> calls.appendAbsent(List.of(event, namesake)))
                .withMessageContaining(id.toString());
        nothingIsStored();
    }

    @Test
    void append_inATransactionWithoutOne_isRefused() throws SQLException {
        try (Connection connection = database.connect()) {
            assertThatThrownBy(() -> calls.append(connection, GOOD))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("autocommit");
        }
        Connection closed = database.connect();
        closed.close();
        assertThatThrownBy(() -> calls.append(closed, GOOD))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot be used");
        nothingIsStored();
    }

    @Test
    void events_unknownStatus_isRefusedWithTheSeven() {
        for (String name :
                List.of("", "Pending", "PENDING", "done", " pending", "pending\u0000", "'; drop table event; --")) {
            assertThatThrownBy(() -> calls.events(name))
                    .isInstanceOf(NotFoundException.class)
                    .hasMessageContaining("[pending, processing, completed, failed, cancelled, skipped, aborted]");
        }
    }

    static Stream<Arguments> badReads() {
        return Stream.of(
                Arguments.of("page of 0", (Way) (calls, database, none) -> calls.events(EventStatus.PENDING, null, 0)),
                Arguments.of("page of 1,001", (Way)
                        (calls, database, none) -> calls.events(EventStatus.PENDING, null, 1_001)),
                Arguments.of("no cursor", (Way) (calls, database, none) -> calls.events(EventStatus.PENDING, "", 1)),
                Arguments.of("SQL for a cursor", (Way)
                        (calls, database, none) -> calls.events(EventStatus.PENDING, "n,1,1 or 1=1", 1)),
                Arguments.of("NaN in a cursor", (Way)
                        (calls, database, none) -> calls.events(EventStatus.PROCESSING, "n,NaN,1", 1)),
                Arguments.of("a cursor off the calendar", (Way)
                        (calls, database, none) -> calls.events(EventStatus.PROCESSING, "n,1e300,1", 1)),
                Arguments.of("a later cursor off the calendar", (Way)
                        (calls, database, none) -> calls.events(EventStatus.PENDING, "l,1e300,1", 1)),
                Arguments.of("chunks before the first", (Way)
                        (calls, database, none) -> calls.chunks(UUID.randomUUID(), -1, 1)),
                Arguments.of("no chunks", (Way) (calls, database, none) -> calls.chunks(UUID.randomUUID(), 0, 0)),
                Arguments.of(
                        "too many chunks", (Way) (calls, database, none) -> calls.chunks(UUID.randomUUID(), 0, 1_001)),
                Arguments.of("clean-up of pending", (Way)
                        (calls, database, none) -> calls.cleanupEvents(List.of(EventStatus.PENDING))),
                Arguments.of("clean-up of processing", (Way) (calls, database, none) ->
                        calls.cleanupEvents(List.of(EventStatus.COMPLETED, EventStatus.PROCESSING))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badReads")
    void events_outOfBounds_areRefused(String what, Way way) {
        assertThatExceptionOfType(IllegalArgumentException.class).isThrownBy(() -> way.append(calls, database, GOOD));
    }

    @Test
    void await_forEver_doesNotOverflow() throws InterruptedException {
        UUID id = calls.append(GOOD);
        try {
            assertThat(calls.cancel(id, "no longer wanted")).isTrue();
            assertThat(calls.await(id, Duration.ofSeconds(Long.MAX_VALUE))).isPresent();
        } finally {
            database.truncateAll();
            millrace.executor("calls", Call.class).build();
        }
    }

    private void nothingIsStored() {
        Fingerprint after = Fingerprint.of(database);
        assertThat(after).isEqualTo(before);
        assertThat(after.holdsNoEvent()).isTrue();
    }
}
