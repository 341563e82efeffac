package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.MillraceException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Payloads, responses and metadata with a mark in them, on every way that ends in a log line or an error's text. */
@DisplayName("S11 what applications store stays out of logs and errors")
class SecretsInLogsTest extends WithMillrace {
    private static final String SECRET = "canary-4711";

    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private Level before = Level.INFO;

    SecretsInLogsTest(TestDatabase database) {
        super(database);
    }

    /** What an application may store. */
    record Letter(String text, int number) {}

    @BeforeEach
    void listen() {
        Logger ours = logger("dev.millrace");
        before = ours.getEffectiveLevel();
        ours.setLevel(Level.DEBUG);
        lines.start();
        logger(Logger.ROOT_LOGGER_NAME).addAppender(lines);
    }

    @AfterEach
    void listenNoMore() {
        logger(Logger.ROOT_LOGGER_NAME).detachAppender(lines);
        logger("dev.millrace").setLevel(before);
        database.execute("alter table millrace.outcome drop constraint if exists refuses");
        database.execute("alter table millrace.event drop constraint if exists refuses");
    }

    private static Logger logger(String name) {
        return (Logger) LoggerFactory.getLogger(name);
    }

    private ExecutorBuilder<Letter> letters() {
        return millrace().executor("letters", Letter.class);
    }

    private static UUID append(Executor<Letter> letters) {
        return letters.append(
                new Letter(SECRET, 1), Append.timeout(Duration.ofSeconds(20)).withNote("note", SECRET));
    }

    /** All that was logged, with the stack traces and the messages of all causes. */
    private List<String> logged() {
        List<String> texts = new ArrayList<>();
        for (ILoggingEvent line : new ArrayList<>(lines.list)) {
            IThrowableProxy thrown = line.getThrowableProxy();
            texts.add(line.getLevel() + " " + line.getFormattedMessage()
                    + (thrown == null ? "" : ThrowableProxyUtil.asString(thrown)));
        }
        return texts;
    }

    private void assertKept(String... alsoExpected) {
        List<String> texts = logged();
        for (String expected : alsoExpected) {
            assertThat(texts).anyMatch(text -> text.contains(expected)); // else it was not on the way that it should be
        }
        assertThat(texts).noneMatch(text -> text.contains(SECRET));
    }

    private static String whole(Throwable error) {
        StringWriter text = new StringWriter();
        error.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @Test
    void append_thatTheDatabaseRefuses_saysNothingOfThePayload() {
        database.execute(
                "alter table millrace.event add constraint refuses check (payload->>'text' not like 'canary%')");
        Executor<Letter> letters = letters().build();

        Throwable alone = catchThrowable(() -> append(letters));
        Throwable among = catchThrowable(() -> letters.appendAll(List.of(new Letter("a", 1), new Letter(SECRET, 2))));

        assertThat(alone).isInstanceOf(MillraceException.class).hasMessageContaining("refuses");
        assertThat(among).isInstanceOf(MillraceException.class).hasMessageContaining("refuses");
        assertThat(whole(alone)).doesNotContain(SECRET);
        assertThat(whole(among)).doesNotContain(SECRET);
        assertKept();
    }

    @Test
    void append_ofWhatIsThereAlready_saysNothingOfThePayload() {
        Executor<Letter> letters = letters().build();
        Event<Letter> event = letters.newEvent(new Letter(SECRET, 1), Append.defaults());
        letters.append(event);

        Throwable again = catchThrowable(() -> letters.append(event));

        assertThat(again).isInstanceOf(MillraceException.class);
        assertThat(whole(again)).doesNotContain(SECRET);
        assertKept();
    }

    @Test
    void response_thatTheDatabaseRefuses_isNotQuoted() throws InterruptedException {
        database.execute("alter table millrace.outcome add constraint refuses check (response is null)");
        Executor<Letter> letters =
                letters().handler((letter, run) -> letter.text()).build();
        UUID id = append(letters);
        letters.execute();

        Event<Letter> event = letters.await(id, LONG).orElseThrow();

        assertThat(event.status()).isEqualTo(EventStatus.FAILED);
        assertThat(errorMessage(event)).contains("could not be stored").doesNotContain(SECRET);
        assertKept("the database refused what came of it");
    }

    @Test
    void payload_thatIsOfAnotherShape_isNotQuoted() throws InterruptedException {
        Executor<Letter> letters =
                letters().handler((letter, run) -> letter.text()).build();
        UUID id = append(letters);
        database.execute("update millrace.event set payload = '{\"text\": \"a\", \"number\": \"" + SECRET + "\"}'");
        letters.execute();
        database.await(
                "select exists (select from millrace.outcome where id = ?)"
                        + " or exists (select from millrace.attempt where event = ?)",
                id,
                id);

        assertKept();
    }

    @Test
    void handler_thatFails_isLoggedWithoutWhatItHandled() throws InterruptedException {
        Executor<Letter> letters = letters()
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .handler((letter, run) -> {
                    throw new IllegalStateException("it does not like " + letter);
                })
                .build();
        UUID id = append(letters);
        letters.execute();

        assertThat(letters.await(id, LONG).orElseThrow().status()).isEqualTo(EventStatus.FAILED);
        assertKept();
    }

    @Test
    void handler_thatIsTooLate_isReportedWithoutItsAnswer() throws InterruptedException {
        Executor<Letter> letters = letters()
                .handler((letter, run) -> {
                    database.execute("delete from millrace.running where id = '" + run.id() + "'");
                    return letter.text();
                })
                .build();
        append(letters);
        letters.execute();
        long end = System.nanoTime() + LONG.toNanos();
        while (millrace().lateResults() == 0 && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        assertThat(millrace().lateResults()).isOne();
        millrace().close();

        assertKept("stale=1");
    }

    @Test
    void connections_thatAreKilledUnderWay_takeNothingIntoTheLog() throws InterruptedException {
        Executor<Letter> letters =
                letters().handler((letter, run) -> letter.text()).build();
        letters.execute();
        for (int i = 0; i < 10; i++) {
            UUID id = append(letters);
            letters.appendAll(List.of(new Letter(SECRET, 2), new Letter(SECRET, 3)));
            database.killConnections();
            assertThat(letters.await(id, LONG)).isPresent();
        }
        assertThat(letters.join(LONG)).isTrue();

        assertKept();
    }

    @Test
    void event_asText_isWithoutItsPayload() {
        Executor<Letter> letters = letters().build();
        UUID id = append(letters);

        assertThat(letters.event(id).orElseThrow().toString())
                .contains(id.toString())
                .doesNotContain(SECRET);
    }
}
