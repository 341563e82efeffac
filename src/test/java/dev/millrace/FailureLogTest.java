package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.RemoteException;
import dev.millrace.event.StatusMove;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** What is known afterwards of an attempt that failed: in the log, in the database, and to whoever looks meanwhile. */
class FailureLogTest extends WithMillrace {
    private static final String NAME = "dev.millrace.failures";
    private static final List<String> KEYS =
            List.of("millrace.event", "millrace.flow", "millrace.type", "millrace.attempt");

    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    FailureLogTest(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void listen() {
        lines.start();
        ((Logger) LoggerFactory.getLogger(NAME)).addAppender(lines);
    }

    @AfterEach
    void listenNoMore() {
        ((Logger) LoggerFactory.getLogger(NAME)).detachAppender(lines);
    }

    private List<ILoggingEvent> lines() {
        return new ArrayList<>(lines.list);
    }

    private ILoggingEvent line() {
        assertThat(lines()).hasSize(1);
        return lines().getFirst();
    }

    private static String trace(ILoggingEvent line) {
        IThrowableProxy thrown = line.getThrowableProxy();
        return thrown == null ? "" : ThrowableProxyUtil.asString(thrown);
    }

    private static void failHere(Throwable cause) {
        throw new IllegalStateException("it broke", cause);
    }

    private Event<Task> runOnce(Executor<Task> tasks, String name) throws InterruptedException {
        UUID id = tasks.append(new Task(name));
        tasks.execute();
        return ended(tasks, id);
    }

    @Test
    @DisplayName(
            "12.4 a handler that throws is logged once an attempt: what, which attempt, what follows, and the stack trace")
    void handler_thatThrows_isLoggedOnceAnAttempt() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .handler((task, run) -> {
                    failHere(new IOException("no route"));
                    return null;
                })
                .build();

        Event<Task> event = runOnce(tasks, "x");
        assertThat(tasks.join(LONG)).isTrue();

        List<ILoggingEvent> lines =
                lines().stream() // the first may be written after the second, which began a millisecond later
                        .sorted(Comparator.comparing(ILoggingEvent::getFormattedMessage))
                        .toList();
        assertThat(lines).hasSize(2).allMatch(line -> line.getLevel() == Level.WARN);
        assertThat(lines.get(0).getFormattedMessage())
                .startsWith("event=%s flow=tasks type=task attempt=1 failed after PT".formatted(event.id()))
                .containsPattern("next: retry at \\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z$");
        assertThat(lines.get(1).getFormattedMessage())
                .startsWith("event=%s flow=tasks type=task attempt=2 failed after PT".formatted(event.id()))
                .endsWith("next: failed");
        for (ILoggingEvent line : lines) {
            assertThat(trace(line))
                    .contains("java.lang.IllegalStateException: it broke")
                    .contains("FailureLogTest.failHere(")
                    .contains("Caused by: java.io.IOException: no route");
            assertThat(line.getMDCPropertyMap())
                    .containsEntry("millrace.event", event.id().toString())
                    .containsEntry("millrace.flow", "tasks")
                    .containsEntry("millrace.type", "task");
        }
    }

    @Test
    @DisplayName(
            "12.4 an attempt that succeeds, or ends as its handler says, is not logged; run.fail is, without a stack trace")
    void handler_thatDoesNotFail_isNotLogged() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 3))
                .handler((task, run) -> switch (task.name()) {
                    case "skip" -> throw run.skip("no need");
                    case "cancel" -> throw run.cancel("not any more");
                    case "snooze" -> {
                        if (run.attempt() == 1) {
                            throw run.snooze(Duration.ofMillis(1));
                        }
                        yield null;
                    }
                    case "fail" -> throw run.fail("no such user");
                    default -> "answer";
                })
                .build();
        for (String name : List.of("done", "skip", "cancel", "snooze")) {
            runOnce(tasks, name);
        }
        assertThat(lines()).isEmpty();

        runOnce(tasks, "fail");

        assertThat(line().getFormattedMessage())
                .endsWith("next: failed; error: dev.millrace.event.EndedException: no such user");
        assertThat(line().getThrowableProxy()).isNull();
    }

    @Test
    @DisplayName("12.4 a timeout is logged with the place where its handler hangs")
    void handler_thatTimesOut_isLoggedWithWhereItHangs() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    boolean unused = new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS);
                    return null;
                })
                .build();
        UUID id = tasks.append(new Task("x"), Append.timeout(Duration.ofMillis(100)));
        tasks.execute();

        Event<Task> event = ended(tasks, id);
        assertThat(tasks.join(LONG)).isTrue();

        assertThat(line().getFormattedMessage()).endsWith("next: cancelled");
        assertThat(trace(line())).contains("Operation timed out after 0.1s").contains("CountDownLatch.await(");
        assertThat(event.execution().error().path("trace").asText()).contains("CountDownLatch.await(");
    }

    @Test
    @DisplayName("12.4 level, depth and the stored trace are settings; the logger can be switched off")
    void settings_always_areObeyed() throws InterruptedException {
        Executor<Task> quiet = tasks().failureLog(org.slf4j.event.Level.INFO, 2)
                .storedTrace(0)
                .handler((task, run) -> {
                    failHere(new IOException("no route"));
                    return null;
                })
                .build();
        Event<Task> event = runOnce(quiet, "x");
        quiet.stop();

        assertThat(line().getLevel()).isEqualTo(Level.INFO);
        assertThat(line().getThrowableProxy().getStackTraceElementProxyArray()).hasSize(2);
        assertThat(line().getThrowableProxy().getMessage()).isEqualTo("java.lang.IllegalStateException: it broke");
        assertThat(line().getThrowableProxy().getCause().getMessage()).isEqualTo("java.io.IOException: no route");
        assertThat(event.execution().error())
                .hasToString("{\"error\":\"IllegalStateException\",\"message\":\"it broke\"}");

        lines.list.clear();
        Executor<Task> plain = millrace()
                .executor("plain", Task.class)
                .failureLog(org.slf4j.event.Level.ERROR, 0)
                .handler((task, run) -> {
                    failHere(null);
                    return null;
                })
                .build();
        runOnce(plain, "x");

        assertThat(line().getThrowableProxy()).isNull();
        assertThat(line().getFormattedMessage())
                .endsWith("next: failed; error: java.lang.IllegalStateException: it broke");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> tasks().failureLog(org.slf4j.event.Level.WARN, -1).build())
                .withMessage("failureLog must have 0 to 10000 frames, got -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tasks().storedTrace(32_769).build())
                .withMessage("storedTrace must be 0 to 32768 bytes, got 32769");
    }

    @Test
    @DisplayName(
            "12.4 causes, what they suppressed, and trimmed traces are stored with the error and with each attempt")
    void error_always_isStoredWithItsCauses() throws InterruptedException {
        Executor<Task> tasks = tasks().retry(RetryPolicy.fixed(Duration.ZERO, 2))
                .handler((task, run) -> {
                    IOException cause = new IOException("no route", new IllegalArgumentException("bad mask"));
                    cause.addSuppressed(new IOException("close"));
                    failHere(cause);
                    return null;
                })
                .build();

        Event<Task> event = runOnce(tasks, "x");

        JsonNode error = event.execution().error();
        assertThat(error.path("trace").asText())
                .startsWith("dev.millrace.FailureLogTest.failHere(FailureLogTest.java:")
                .contains("\n")
                .doesNotContain("dev.millrace.process");
        assertThat(error.path("causes").findValuesAsText("message")).containsExactly("no route", "close", "bad mask");
        assertThat(error.at("/causes/0/error").asText()).isEqualTo("IOException");
        assertThat(error.at("/causes/0/exceptions/0/message").asText()).isEqualTo("close");
        assertThat(error.at("/causes/1/trace").asText()).contains("FailureLogTest.lambda");
        assertThat(tasks.attempts(event.id()).getFirst().error().path("causes")).isEqualTo(error.path("causes"));
        RemoteException remote = new RemoteException(error);
        assertThat(remote.getCause())
                .hasMessage("IOException: no route")
                .hasRootCauseMessage("IllegalArgumentException: bad mask");
        assertThat(remote.getStackTrace()[0].getMethodName()).isEqualTo("failHere");
        assertThat(remote.getStackTrace()[0].getLineNumber()).isPositive();
        assertThat(remote.text())
                .contains("\ncaused by IOException: no route")
                .contains("\ncaused by IllegalArgumentException: bad mask");
    }

    /** A payload with something in it that must not be told. */
    record Secret(String card, long number, List<String> names) {}

    private String logged() {
        StringBuilder all = new StringBuilder();
        lines().forEach(line -> all.append(line.getFormattedMessage()).append(trace(line)));
        return all.toString();
    }

    @Test
    @DisplayName("12.4 what the payload and the metadata hold stays out of the log, wherever a message quotes it")
    void message_thatQuotesThePayload_isNotLogged() throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        Secret secret = new Secret("canary\"-4711", 123456789, List.of("anna\u00e4", "otto"));
        Executor<Secret> secrets = millrace()
                .executor("secrets", Secret.class)
                .handler((payload, run) -> {
                    IOException cause = new IOException(mapper.writeValueAsString(payload));
                    cause.addSuppressed(new IOException("note of " + run.event().metadata()));
                    if (run.event().priority() == 2.0) {
                        throw run.fail("no " + payload.card());
                    }
                    if (run.event().priority() == 3.0) {
                        return mapper.readValue("{\"secret-answer\": }", Map.class);
                    }
                    throw new IllegalStateException("does not like " + payload + " at all", cause);
                })
                .build();
        List<UUID> ids = new ArrayList<>();
        for (double priority : new double[] {1, 2, 3}) {
            ids.add(secrets.append(secret, Append.priority(priority).withNote("of", "canary-note")));
        }
        secrets.execute();
        for (UUID id : ids) {
            assertThat(secrets.await(id, LONG).orElseThrow().status()).isEqualTo(EventStatus.FAILED);
        }
        assertThat(secrets.join(LONG)).isTrue();

        assertThat(lines()).hasSize(3);
        assertThat(logged())
                .contains("java.lang.IllegalStateException: does not like Secret[card=[payload], number=[payload]")
                .contains(" at all")
                .contains("java.io.IOException: {\"card\":\"[payload]\"")
                .contains("FailureLogTest.")
                .contains("not logged: Jackson quotes what it reads")
                .doesNotContain("canary", "123456789", "anna", "otto", "secret-answer");
    }

    @Test
    @DisplayName(
            "12.4 errors whose causes go round, never end, or throw when they are looked at, are logged all the same")
    void error_ofAnyKind_isLogged() throws InterruptedException {
        RuntimeException round = new RuntimeException("one");
        round.initCause(new RuntimeException("two", round));
        RuntimeException endless = new RuntimeException("last");
        for (int i = 0; i < 1_000; i++) {
            endless = new RuntimeException("because", endless);
        }
        RuntimeException mute = new RuntimeException("mute") {
            private static final long serialVersionUID = 1L;

            @Override
            public String getMessage() {
                throw new IllegalStateException("no message");
            }
        };
        Map<String, RuntimeException> errors = Map.of("round", round, "endless", endless, "mute", mute);
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    throw errors.get(task.name());
                })
                .build();

        assertThat(runOnce(tasks, "round").execution().error().path("causes")).hasSize(1);
        JsonNode many = runOnce(tasks, "endless").execution().error();
        runOnce(tasks, "mute");
        assertThat(tasks.join(LONG)).isTrue();

        assertThat(many.path("causes").size() + many.path("causes_omitted").asInt())
                .isEqualTo(1_000);
        assertThat(lines()).hasSize(3);
        assertThat(logged())
                .contains("RuntimeException: one", "RuntimeException: two", "[no message: java.lang.IllegalState");
        assertThat(logged().length()).isLessThan(200_000);
    }

    private static Map<String, String> context() {
        Map<String, String> all = MDC.getCopyOfContextMap();
        return all == null ? Map.of() : all;
    }

    @Test
    @DisplayName(
            "12.4 the MDC says event, flow, type and attempt while a handler, a permission check or a listener runs")
    void mdc_whileTheApplicationsCodeRuns_saysOfWhat() throws Exception {
        CompletableFuture<Map<String, String>> asked = new CompletableFuture<>();
        CompletableFuture<Map<String, String>> ran = new CompletableFuture<>();
        CompletableFuture<String> name = new CompletableFuture<>();
        BlockingQueue<Map<String, String>> heard = new LinkedBlockingQueue<>();
        Executor<Task> tasks = tasks().permission(event -> {
                    asked.complete(context());
                    return Permission.granted();
                })
                .listener((StatusMove move) -> heard.add(context()))
                .handler((task, run) -> {
                    ran.complete(context());
                    name.complete(Thread.currentThread().getName());
                    return null;
                })
                .build();

        Event<Task> event = runOnce(tasks, "x");

        Map<String, String> expected =
                Map.of(KEYS.get(0), event.id().toString(), KEYS.get(1), "tasks", KEYS.get(2), "task", KEYS.get(3), "1");
        assertThat(asked.get(LONG.toSeconds(), TimeUnit.SECONDS)).containsAllEntriesOf(expected);
        assertThat(ran.get(LONG.toSeconds(), TimeUnit.SECONDS)).containsAllEntriesOf(expected);
        assertThat(heard.poll(LONG.toSeconds(), TimeUnit.SECONDS)).containsAllEntriesOf(expected);
        assertThat(heard.poll(LONG.toSeconds(), TimeUnit.SECONDS)).containsAllEntriesOf(expected);
        assertThat(name.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo("millrace-run tasks " + event.id());
        assertThat(context()).doesNotContainKeys(KEYS.toArray(String[]::new));
    }

    @Test
    @DisplayName("12.4 a permission check that throws is logged with flow, type and causes, and its cause is stored")
    void permission_thatThrows_isLoggedAndStored() throws InterruptedException {
        Executor<Task> tasks = tasks().maxPermissionErrors(2)
                .permission(event -> {
                    throw new IllegalStateException("not for " + event.payload(), new IOException("no quota"));
                })
                .handler((task, run) -> null)
                .build();

        Event<Task> event = runOnce(tasks, "canary");

        assertThat(lines()).hasSize(2);
        assertThat(lines().getFirst().getFormattedMessage())
                .isEqualTo("event=%s flow=tasks type=task attempt=1 permission check failed, 1 of 2"
                        .formatted(event.id()));
        assertThat(logged()).contains("no quota").doesNotContain("canary");
        assertThat(tasks.attempts(event.id())
                        .getFirst()
                        .error()
                        .at("/causes/0/message")
                        .asText())
                .isEqualTo("no quota");
    }

    @Test
    @DisplayName("12.4 a payload of everyday words does not garble what the library says itself")
    void ownWords_withAPayloadOfThose_areLoggedAsTheyAre() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    throw run.retryIn(Duration.ZERO);
                })
                .build();
        runOnce(tasks, "handler");
        Executor<Task> slow = millrace()
                .executor("slow", Task.class)
                .handler((task, run) -> new CountDownLatch(1).await(LONG.toSeconds(), TimeUnit.SECONDS))
                .build();
        UUID late = slow.append(new Task("Operation timed"), Append.timeout(Duration.ofMillis(20)));
        slow.execute();
        ended(slow, late);

        assertThat(lines()).hasSize(2);
        assertThat(lines().get(0).getFormattedMessage())
                .contains("error: dev.millrace.event.ExecutionException: the handler asked to be run again in PT0S");
        assertThat(lines().get(1).getFormattedMessage() + trace(lines().get(1)))
                .contains("Operation timed out after 0.02s")
                .doesNotContain("[payload]");
    }

    @Test
    @DisplayName("12.4 control characters in a message are written out in the log, but for line ends and tabs")
    void message_withControlCharacters_isWrittenOut() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> {
                    throw new IllegalStateException(
                            "nul \0 escape \u001b[31m back \b\r over \u202e\n\tnext line", new IOException("\u0007"));
                })
                .build();
        runOnce(tasks, "x");

        assertThat(trace(line()))
                .contains("nul \\u0000 escape \\u001B[31m back \\u0008\\u000D over \\u202E\n\tnext line")
                .contains("java.io.IOException: \\u0007")
                .doesNotContain("\0", "\u001b", "\b", "\u202e", "\u0007");
    }
}
