package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.EventFilter;
import dev.millrace.event.RetryFilter;
import dev.millrace.postgres.Fingerprint;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RateLimit;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Settings out of bounds are refused by name with their bounds, before anything is stored; those at the bounds are not. */
@PostgresTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadSettingsTest {
    private static final Duration NEGATIVE = Duration.ofNanos(-1);
    private static final Duration ENDLESS = Duration.ofSeconds(Long.MAX_VALUE);

    private final TestDatabase database;
    private Millrace millrace;
    private Fingerprint before;

    BadSettingsTest(TestDatabase database) {
        this.database = database;
    }

    record Call(String name) {}

    @BeforeAll
    void connect() {
        millrace = Millrace.connect(database.newPool(2));
        before = Fingerprint.of(database);
    }

    @AfterAll
    void close() {
        millrace.close();
    }

    private static Arguments connecting(String message, Consumer<MillraceBuilder> setting) {
        return Arguments.of(message, setting);
    }

    static Stream<Arguments> millraceSettings() {
        return Stream.of(
                connecting("poolSize must be 2 to 100, got 1", builder -> builder.poolSize(1)),
                connecting("poolSize must be 2 to 100, got 101", builder -> builder.poolSize(101)),
                connecting("patience must be PT0S to PT1H, got PT-0.000000001S", builder -> builder.patience(NEGATIVE)),
                connecting("patience must be PT0S to PT1H, got ", builder -> builder.patience(ENDLESS)),
                connecting("shutdownGrace must be PT0S to PT1H", builder -> builder.shutdownGrace(NEGATIVE)),
                connecting("shutdownGrace must be PT0S to PT1H", builder -> builder.shutdownGrace(ENDLESS)),
                connecting(
                        "lease must be PT1S to PT1H, got PT0.999S", builder -> builder.lease(Duration.ofMillis(999))),
                connecting("lease must be PT1S to PT1H", builder -> builder.lease(ENDLESS)),
                connecting("maxCrashes must be 1 to 100, got 0", builder -> builder.maxCrashes(0)),
                connecting("maxCrashes must be 1 to 100, got 101", builder -> builder.maxCrashes(101)),
                connecting("payloadCap must be 1 to 67108864 bytes, got 0", builder -> builder.payloadCap(0)),
                connecting(
                        "payloadCap must be 1 to 67108864 bytes, got 67108865",
                        builder -> builder.payloadCap((64 << 20) + 1)),
                connecting("responseCap must be 1 to 67108864 bytes, got -1", builder -> builder.responseCap(-1)),
                connecting("jdbcUrl must begin with jdbc:postgresql:", builder -> builder.jdbcUrl("jdbc:mysql://h/d")),
                connecting(
                        "jdbcUrl cannot be understood",
                        builder -> builder.jdbcUrl("jdbc:postgresql://h:port/d?password=canary")),
                connecting("schema must match [a-z_][a-z0-9_]{0,62}", builder -> builder.schema("")),
                connecting("schema must match", builder -> builder.schema("Mill")),
                connecting("schema must match", builder -> builder.schema("1a")),
                connecting("schema must match", builder -> builder.schema("a-b")),
                connecting("schema must match", builder -> builder.schema("a.b")),
                connecting("schema must match", builder -> builder.schema("a\n")),
                connecting("schema must match", builder -> builder.schema("a\u0000")),
                connecting("schema must match", builder -> builder.schema("ä")),
                connecting("schema must match", builder -> builder.schema("x".repeat(64))),
                connecting("schema must match", builder -> builder.schema("a\"; drop schema millrace cascade; --")),
                connecting("schema must match", builder -> builder.schema("pg_catalog")),
                connecting("schema must match", builder -> builder.schema("information_schema")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("millraceSettings")
    void millraceBuilder_outOfBounds_isRefusedAtThatCall(String message, Consumer<MillraceBuilder> setting) {
        MillraceBuilder builder = Millrace.builder();

        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> setting.accept(builder))
                .withMessageStartingWith(message)
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("canary"));
    }

    static Stream<Arguments> millraceNulls() {
        return Stream.of(
                connecting("dataSource", builder -> builder.dataSource(null)),
                connecting("jdbcUrl", builder -> builder.jdbcUrl(null)),
                connecting("schema", builder -> builder.schema(null)),
                connecting("patience", builder -> builder.patience(null)),
                connecting("shutdownGrace", builder -> builder.shutdownGrace(null)),
                connecting("lease", builder -> builder.lease(null)),
                connecting("onLateResult", builder -> builder.onLateResult(null)),
                connecting("onFatalError", builder -> builder.onFatalError(null)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("millraceNulls")
    @DisplayName("12.13 null is refused by the setting's name, listeners too")
    void millraceBuilder_null_isRefusedByName(String name, Consumer<MillraceBuilder> setting) {
        MillraceBuilder builder = Millrace.builder();

        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> setting.accept(builder))
                .withMessage(name);
    }

    @Test
    @DisplayName("12.13 no database and two databases are two errors")
    void millraceBuilder_noDatabaseOrTwo_isRefused() {
        assertThatThrownBy(() -> Millrace.builder().connect())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("neither dataSource nor jdbcUrl is set; give one of the two");
        assertThatThrownBy(() -> Millrace.builder()
                        .dataSource(database.dataSource())
                        .jdbcUrl(database.jdbcUrl())
                        .connect())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dataSource and jdbcUrl are both set; give only one of the two");
    }

    @Test
    void millraceBuilder_atTheBounds_isAccepted() {
        MillraceBuilder builder = Millrace.builder();
        for (Duration patience : List.of(Duration.ZERO, Duration.ofHours(1))) {
            builder.patience(patience).shutdownGrace(patience);
        }
        builder.poolSize(2).poolSize(100).maxCrashes(1).maxCrashes(100);
        builder.lease(Duration.ofSeconds(1)).lease(Duration.ofHours(1));
        builder.payloadCap(1).payloadCap(64 << 20).responseCap(1).responseCap(64 << 20);
        builder.schema("_").schema("x".repeat(63)).schema("m1_");

        assertThat(builder.schema()).isEqualTo("m1_");
    }

    private static Arguments building(String message, UnaryOperator<ExecutorBuilder<Call>> setting) {
        return Arguments.of(message, setting);
    }

    static Stream<Arguments> executorSettings() {
        return Stream.of(
                building("queueCapacity must be 1 to 10000, got 0", builder -> builder.queueCapacity(0)),
                building(
                        "queueCapacity must be 1 to 10000, got -2147483648",
                        builder -> builder.queueCapacity(Integer.MIN_VALUE)),
                building("queueCapacity must be 1 to 10000, got 10001", builder -> builder.queueCapacity(10_001)),
                building(
                        "capacityRefreshTime must be PT0.01S to PT1H, got PT0.009999999S",
                        builder -> builder.capacityRefreshTime(Duration.ofNanos(9_999_999))),
                building(
                        "capacityRefreshTime must be PT0.01S to PT1H, got PT-0.000000001S",
                        builder -> builder.capacityRefreshTime(NEGATIVE)),
                building(
                        "capacityRefreshTime must be PT0.01S to PT1H, got PT1H0.000000001S",
                        builder -> builder.capacityRefreshTime(Duration.ofSeconds(3600, 1))),
                building(
                        "capacityRefreshTime must be PT0.01S to PT1H, got PT",
                        builder -> builder.capacityRefreshTime(ENDLESS)),
                building("concurrencyLimit must be 1 to 100000, got 0", builder -> builder.concurrencyLimit(0)),
                building(
                        "concurrencyLimit must be 1 to 100000, got 100001",
                        builder -> builder.concurrencyLimit(100_001)),
                building("maxQueueSize must be 1 to 2147483647, got 0", builder -> builder.maxQueueSize(0)),
                building("maxQueueSize must be 1 to 2147483647, got -5", builder -> builder.maxQueueSize(-5)),
                building("maxDenials must be 1 to 1000, got 0", builder -> builder.maxDenials(0)),
                building("maxDenials must be 1 to 1000, got 1001", builder -> builder.maxDenials(1_001)),
                building(
                        "denialBackOff must be PT0S to PT1H, got PT-1S",
                        builder -> builder.denialBackOff(Duration.ofSeconds(-1))),
                building(
                        "denialBackOff must be PT0S to PT1H, got PT1H0.001S",
                        builder -> builder.denialBackOff(Duration.ofHours(1).plusMillis(1))),
                building("maxPermissionErrors must be 1 to 1000, got 0", builder -> builder.maxPermissionErrors(0)),
                building(
                        "permissionTimeout must be PT0.01S to PT10M, got PT0S",
                        builder -> builder.permissionTimeout(Duration.ZERO)),
                building("permissionTimeout must be PT0.01S to PT10M", builder -> builder.permissionTimeout(ENDLESS)),
                building("pollInterval must be PT0.01S to PT10M", builder -> builder.pollInterval(NEGATIVE)),
                building("pollInterval must be PT0.01S to PT10M", builder -> builder.pollInterval(ENDLESS)),
                building("event type name must not be empty", builder -> builder.register("", Call.class)),
                building(
                        "event type name must have at most 200 characters, got 201",
                        builder -> builder.register("x".repeat(201), Call.class)),
                building(
                        "event type name must not contain control characters",
                        builder -> builder.register("a\tb", Call.class)),
                building(
                        "event type name must not contain control characters",
                        builder -> builder.register("a\u0000b", Call.class)),
                building(
                        "event type name must not contain control characters",
                        builder -> builder.register("a\uD83D", Call.class)),
                building(
                        "event type name must not begin or end with a blank",
                        builder -> builder.register(" a", Call.class)),
                building("nested type name must not be empty", builder -> builder.registerNested("", Call.class)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("executorSettings")
    @DisplayName("12.13 R-041 to R-046 settings of an executor out of bounds are refused by name, bounds and value")
    void executorBuilder_outOfBounds_isRefusedAndStoresNothing(
            String message, UnaryOperator<ExecutorBuilder<Call>> setting) {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() ->
                        setting.apply(millrace.executor("calls", Call.class)).build())
                .withMessageStartingWith(message);
        nothingIsStored();
    }

    static Stream<Arguments> executorNulls() {
        return Stream.of(
                building("capacityRefreshTime", builder -> builder.capacityRefreshTime(null)),
                building("permissionTimeout", builder -> builder.permissionTimeout(null)),
                building("pollInterval", builder -> builder.pollInterval(null)),
                building("permission", builder -> builder.permission(null)),
                building("retry", builder -> builder.retry(null)),
                building("handler", builder -> builder.handler(null)),
                building("voidHandler", builder -> builder.voidHandler(null)),
                building("streamHandler", builder -> builder.streamHandler(null)),
                building("listener", builder -> builder.listener(null)),
                building("level", builder -> builder.failureLog(null, 1)),
                building("type", builder -> builder.register((Class<Call>) null)),
                building("name", builder -> builder.register(null, Call.class)),
                building("type", builder -> builder.register("call", null)),
                building("type", builder -> builder.registerNested((Class<Call>) null)),
                building("name", builder -> builder.registerNested(null, Call.class)),
                building("type", builder -> builder.registerNested("call", null)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("executorNulls")
    void executorBuilder_null_isRefusedByNameAtThatCall(String name, UnaryOperator<ExecutorBuilder<Call>> setting) {
        ExecutorBuilder<Call> builder = millrace.executor("calls", Call.class);

        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(() -> setting.apply(builder))
                .withMessage(name);
        nothingIsStored();
    }

    static Stream<Arguments> otherNulls() {
        return Stream.of(
                Arguments.of("timeout", (ThrowingCallable) () -> Append.timeout(null)),
                Arguments.of(
                        "deadline", (ThrowingCallable) () -> Append.defaults().withDeadline(null)),
                Arguments.of("run", (ThrowingCallable) () -> Append.inheritDeadline(null)),
                Arguments.of("delay", (ThrowingCallable) () -> Append.delay(null)),
                Arguments.of("runAt", (ThrowingCallable) () -> Append.defaults().withRunAt(null)),
                Arguments.of("id", (ThrowingCallable) () -> Append.defaults().withId(null)),
                Arguments.of("key", (ThrowingCallable) () -> Append.uniqueKey(null)),
                Arguments.of("scope", (ThrowingCallable) () -> Append.uniqueKey("k", null)),
                Arguments.of("onConflict", (ThrowingCallable)
                        () -> Append.uniqueKey("k").onConflict(null)),
                Arguments.of(
                        "metadata", (ThrowingCallable) () -> Append.defaults().withMetadata(null)),
                Arguments.of("key", (ThrowingCallable) () -> Append.defaults().withNote(null, "v")),
                Arguments.of("value", (ThrowingCallable) () -> Append.defaults().withNote("k", null)),
                Arguments.of("pause", (ThrowingCallable) () -> RetryPolicy.fixed(null, 1)),
                Arguments.of("longest", (ThrowingCallable) () -> RetryPolicy.exponential(Duration.ZERO, null, 1)),
                Arguments.of("window", (ThrowingCallable) () -> RateLimit.of(1, null)),
                Arguments.of("reason", (ThrowingCallable) () -> Permission.denied(null)),
                Arguments.of("delay", (ThrowingCallable) () -> Permission.denied("x", null)),
                Arguments.of("delay", (ThrowingCallable) () -> Permission.waitFor(null)),
                Arguments.of(
                        "since", (ThrowingCallable) () -> RetryFilter.failed().since(null)),
                Arguments.of(
                        "until", (ThrowingCallable) () -> RetryFilter.failed().until(null)),
                Arguments.of(
                        "part", (ThrowingCallable) () -> RetryFilter.failed().withError(null)));
    }

    @Test
    @DisplayName("12.13 a filter refuses names and texts that no event can have")
    void filter_withWhatNoEventHas_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RetryFilter.failed().ofTypes("a\0"))
                .withMessageStartingWith("event type name must not contain control characters");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventFilter.all().ofTypes(""))
                .withMessage("event type name must not be empty");
        for (String part : List.of("a\0", "\uD83D", "\uDE00x")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> RetryFilter.failed().withError(part))
                    .withMessageStartingWith("part must not contain NUL or a surrogate");
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("otherNulls")
    @DisplayName("12.13 null is refused by name in what is said of appends, retries, limits and permissions")
    void setting_null_isRefusedByName(String name, ThrowingCallable setting) {
        assertThatExceptionOfType(NullPointerException.class)
                .isThrownBy(setting)
                .withMessage(name);
    }

    @Test
    void executor_badFlowName_isRefusedAndStoresNothing() {
        assertRefused("", "flow name must not be empty");
        assertRefused("x".repeat(201), "flow name must have at most 200 characters, got 201");
        assertRefused("a\nb", "flow name must not contain control characters");
        assertRefused("a\u0000", "flow name must not contain control characters");
        assertRefused("\u202Egnp.exe", "flow name must not contain control characters");
        assertRefused("\uDC00", "flow name must not contain control characters");
        assertRefused("a ", "flow name must not begin or end with a blank");
        assertThatThrownBy(() -> millrace.executor(null, Call.class))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("flow");
        assertThatThrownBy(() -> millrace.executor("calls", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("payloadType");
        nothingIsStored();
    }

    private void assertRefused(String flow, String message) {
        assertThatThrownBy(() -> millrace.executor(flow, Call.class).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void executor_classThatCannotBeAPayload_isRefusedAndStoresNothing() {
        for (Class<?> type : List.of(Object.class, int.class, String[].class, Runnable.class, Exception.class)) {
            assertThatThrownBy(() -> millrace.executor("calls", type).build())
                    .as(type.getName())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(type.getTypeName() + " cannot be an event type");
        }
        nothingIsStored();
    }

    @Test
    void migrate_badSchemaName_isRefused() {
        for (String schema : List.of("", "Mill", "pg_x", "a;b", "x".repeat(64), "information_schema")) {
            assertThatThrownBy(() -> Millrace.migrate(database.dataSource(), schema))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("schema must match");
        }
        assertThatThrownBy(() -> Millrace.migrate(null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("dataSource");
        nothingIsStored();
    }

    private void nothingIsStored() {
        assertThat(Fingerprint.of(database)).isEqualTo(before);
    }
}
