package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.Event;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventStatus;
import dev.millrace.event.EventType;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.StatusMove;
import dev.millrace.event.ValidationException;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Events whose payload a worker cannot read, while another can: as in a rolling deploy. */
class UndecodableTest extends WithMillrace {
    private static final String FLOW = "mails";

    UndecodableTest(TestDatabase database) {
        super(database);
    }

    enum OldKind {
        PLAIN
    }

    enum NewKind {
        PLAIN,
        FANCY
    }

    /** As an older worker knows it. */
    @EventType("mail")
    record OldMail(OldKind kind) {}

    /** As a newer process appends it. */
    @EventType("mail")
    record NewMail(NewKind kind) {}

    private ExecutorBuilder<OldMail> old() {
        return millrace().executor(FLOW, OldMail.class).handler((mail, run) -> "old");
    }

    private ExecutorBuilder<NewMail> fresh() {
        return another().executor(FLOW, NewMail.class).handler((mail, run) -> "new");
    }

    /** Has the back-off of everything be over. */
    private void letBackOffPass() {
        database.execute("update scheduled set run_at = now() - interval '1 second'");
        database.await("select not exists (select from scheduled)");
    }

    @Test
    @DisplayName("12.9 a payload that an older worker cannot read is left for a newer one, whatever the retry policy")
    void unreadable_inAnOlderWorker_isRunByANewerOne() throws InterruptedException {
        AtomicInteger asked = new AtomicInteger();
        Executor<OldMail> old = old().retry((failures, error) -> {
                    asked.incrementAndGet();
                    return Optional.empty();
                })
                .build();
        Executor<NewMail> newer = fresh().build();
        UUID fancy = newer.append(new NewMail(NewKind.FANCY));
        UUID plain = newer.append(new NewMail(NewKind.PLAIN));
        old.start();

        assertThat(old.forward()).isOne();

        assertThat(counts(newer)).isEqualTo(Map.of(EventStatus.PENDING, 1L, EventStatus.COMPLETED, 1L));
        assertThat(newer.event(plain).orElseThrow().status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(database.query("select attempt, failures, denials, deaths from scheduled where id = ?", fancy))
                .isEqualTo(List.of(List.of(1, 0, 0, 0)));
        newer.execute();
        letBackOffPass();

        assertThat(ended(newer, fancy).execution().response()).hasToString("\"new\"");
        assertThat(newer.attempts(fancy))
                .extracting(EventAttempt::result)
                .containsExactly(Result.UNDECODABLE, Result.COMPLETED);
        assertThat(newer.attempts(fancy).getFirst().error().path("message").asText())
                .startsWith("undecodable payload for ")
                .contains("$.kind")
                .doesNotContain("FANCY");
        assertThat(asked).hasValue(0);
    }

    @Test
    @DisplayName("12.9 an event that cannot be read is claimed as seldom as its back-off says, also in the loop")
    void unreadable_inTheLoop_backsOff() throws InterruptedException {
        Executor<OldMail> old = old().build();
        Executor<NewMail> newer = fresh().build();
        UUID fancy = newer.append(new NewMail(NewKind.FANCY));
        old.execute();
        database.await("select exists (select from scheduled where id = ? and attempt >= 1)", fancy);

        for (int tries = 1; tries < 5; tries++) {
            int before = tries;
            database.await("select exists (select from scheduled where id = ? and attempt = " + before + ")", fancy);
            double base = Math.min(300, 1 << (before - 1));
            assertThat(database.list(
                                    Double.class,
                                    "select extract(epoch from s.run_at - a.finished_at)::float8 from scheduled s"
                                            + " join attempt a on a.event = s.id and a.attempt = s.attempt where s.id = ?",
                                    fancy)
                            .getFirst())
                    .as("back-off after try " + before)
                    .isBetween(base * 0.75 - 0.1, base * 1.25 + 0.1);
            database.execute("update scheduled set run_at = now() where id = ?", fancy);
        }

        assertThat(attempts(fancy)).containsOnly("undecodable");
        assertThat(database.longValue("select failures from scheduled union all select failures from ready"))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({"PT1H, 3, 3", "PT0S, 20, 1", "PT1H, 1, 1"})
    @DisplayName("12.9 after the bound it is failed, with its whole history")
    void unreadable_afterTheBound_isFailed(Duration within, int tries, int expected) throws InterruptedException {
        BlockingQueue<StatusMove> moves = new LinkedBlockingQueue<>();
        Executor<OldMail> old =
                old().undecodable(within, tries).listener(moves::add).build();
        UUID fancy = fresh().build().append(new NewMail(NewKind.FANCY));
        old.start();

        for (int done = 1; done < expected; done++) {
            old.forward();
            assertThat(counts(old)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
            letBackOffPass();
        }
        old.forward();

        assertThat(counts(old)).isEqualTo(Map.of(EventStatus.FAILED, 1L));
        assertThat(old.json()
                        .find(fancy)
                        .orElseThrow()
                        .execution()
                        .error()
                        .path("message")
                        .asText())
                .startsWith("undecodable payload for ");
        assertThat(attempts(fancy)).hasSize(expected - 1).allMatch("undecodable"::equals);
        for (int i = 1; i < expected; i++) {
            assertThat(moves.poll(60, TimeUnit.SECONDS).result()).isEqualTo(Result.PROCESSING);
            assertThat(moves.poll(60, TimeUnit.SECONDS).result()).isEqualTo(Result.UNDECODABLE);
        }
    }

    @Test
    @DisplayName("12.9 the time is counted from the first try, by the database's clock")
    void unreadable_forTooLong_isFailed() throws InterruptedException {
        Executor<OldMail> old = old().build();
        UUID fancy = fresh().build().append(new NewMail(NewKind.FANCY));
        old.start();
        old.forward();
        database.execute("update attempt set started_at = now() - interval '59 minutes'");
        letBackOffPass();
        old.forward();
        assertThat(attempts(fancy)).hasSize(2);
        database.execute("update attempt set started_at = now() - interval '61 minutes' where attempt = 1");
        letBackOffPass();

        old.forward();

        assertThat(counts(old)).isEqualTo(Map.of(EventStatus.FAILED, 1L));
    }

    @Test
    @DisplayName("12.9 what a worker could read meanwhile is counted anew")
    void unreadable_afterARunElsewhere_isCountedAnew() throws InterruptedException {
        Executor<OldMail> old = old().undecodable(Duration.ofHours(1), 2).build();
        Executor<NewMail> newer = another()
                .executor(FLOW, NewMail.class)
                .handler((mail, run) -> {
                    throw run.snooze(Duration.ofHours(1));
                })
                .build();
        UUID fancy = newer.append(new NewMail(NewKind.FANCY));
        old.start();
        newer.start();
        old.forward();
        letBackOffPass();
        newer.forward();
        letBackOffPass();

        old.forward();

        assertThat(attempts(fancy)).containsExactly("undecodable", "snooze", "undecodable");
        assertThat(counts(old)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
    }

    @Test
    @DisplayName(
            "12.9 while nothing can be learnt of earlier tries the back-off goes by the attempts, not to its bound")
    void unreadable_whileTheHistoryCannotBeRead_backsOffAsOftenAsItWasTaken() throws InterruptedException {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(6));
        Executor<OldMail> old = opened(Millrace.connect(faults))
                .executor(FLOW, OldMail.class)
                .handler((mail, run) -> "old")
                .build();
        UUID fancy = fresh().build().append(new NewMail(NewKind.FANCY));
        old.start();
        old.forward();
        letBackOffPass();
        faults.set("undecodable", Moment.BEFORE, 1, Fault.cut());

        old.forward();

        database.await("select exists (select from attempt where event = ? and attempt = 2)", fancy);
        assertThat(database.query("select a.reason, extract(epoch from s.run_at - a.finished_at) between 1.5 and 2.5"
                        + " from scheduled s join attempt a on a.event = s.id and a.attempt = 2"))
                .isEqualTo(List.of(List.of("undecodable", true)));
    }

    @Test
    @DisplayName("12.9 invoke puts it off as well, and waits for a worker that can read it")
    void invoke_ofAnUnreadable_waitsForAnother() throws InterruptedException {
        Executor<OldMail> old = old().build();
        Executor<NewMail> newer = fresh().build();
        UUID fancy = newer.append(new NewMail(NewKind.FANCY));
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                old.invoke(fancy);
            } catch (InterruptedException | RuntimeException e) {
                Thread.currentThread().interrupt(); // in the end it cannot read the event that it waited for either
            }
        });
        database.await("select exists (select from attempt where event = ? and reason = 'undecodable')", fancy);

        newer.execute();

        assertThat(ended(newer, fancy).status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(caller.join(LONG)).isTrue();
    }

    @Test
    @DisplayName("12.9 a thousand of them hold up nobody and are told to the log once")
    void unreadable_many_areToldOnce() throws InterruptedException {
        Logger log = (Logger) LoggerFactory.getLogger("dev.millrace.process.Undecodables");
        ListAppender<ILoggingEvent> heard = new ListAppender<>();
        heard.start();
        log.addAppender(heard);
        try {
            Executor<OldMail> old = old().build();
            Executor<NewMail> newer = fresh().build();
            newer.appendAll(Collections.nCopies(1_000, new NewMail(NewKind.FANCY)));
            UUID plain = newer.append(new NewMail(NewKind.PLAIN));
            old.execute();

            assertThat(ended(old, plain).status()).isEqualTo(EventStatus.COMPLETED);
            database.await("select count(*) >= 1000 from attempt where reason = 'undecodable'");
            database.execute("update scheduled set run_at = now()");
            database.await("select count(*) = 1000 from attempt where reason = 'undecodable' and attempt = 2");
        } finally {
            log.detachAppender(heard);
        }
        assertThat(heard.list).hasSize(1);
        assertThat(heard.list.getFirst().getFormattedMessage())
                .contains("type=mail", "cannot be read", "PT1H", "20 tries")
                .doesNotContain("FANCY");
        assertThat(heard.list.getFirst().getThrowableProxy()).isNotNull();
    }

    @ParameterizedTest
    @CsvSource({"PT-0.001S, 1, within", "P366D, 1, within", "PT1H, 0, tries", "PT1H, 1001, tries"})
    @DisplayName("12.9 bounds out of range are refused when the executor is built, naming them")
    void undecodable_outOfRange_isRefused(Duration within, int tries, String setting) {
        ExecutorBuilder<OldMail> builder = old().undecodable(within, tries);

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("undecodable: " + setting + " must be ");
    }

    /** What a payload's reader or constructor may do: run out of memory. */
    static final class Greedy extends JsonDeserializer<Large> {
        @Override
        public Large deserialize(JsonParser parser, DeserializationContext context) {
            throw new OutOfMemoryError("as if");
        }
    }

    @JsonDeserialize(using = Greedy.class)
    record Large(int size) {}

    static final class Wide {
        public int size;

        @JsonCreator
        Wide() {
            throw new OutOfMemoryError("as if");
        }

        private Wide(int size) {
            this.size = size;
        }

        static Wide of(int size) {
            return new Wide(size);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName(
            "13.21 a worker that runs out of memory over a payload gives it back, with a death, and claims no more")
    void outOfMemory_whileReading_goesBackAndStopsTheWorker(boolean wrapped) throws InterruptedException {
        BlockingQueue<Throwable> heard = new LinkedBlockingQueue<>();
        Millrace failing = failing(heard);
        UUID id = wrapped ? wide(failing) : large(failing);

        assertThat(heard.poll(60, TimeUnit.SECONDS)).isInstanceOf(OutOfMemoryError.class);

        assertThat(failing.fatalError()).containsInstanceOf(OutOfMemoryError.class);
        database.await("select exists (select from ready where id = ? and deaths = 1 and lane < 0)", id);
        assertThat(attempts(id)).containsExactly("shutdown");
    }

    private Millrace failing(BlockingQueue<Throwable> heard) {
        return opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .shutdownGrace(Duration.ofMillis(100))
                .onFatalError(heard::add)
                .connect());
    }

    private static UUID large(Millrace failing) {
        Executor<Large> larges = failing.executor("larges", Large.class)
                .handler((large, run) -> null)
                .build();
        UUID id = larges.append(new Large(1));
        larges.execute();
        return id;
    }

    private static UUID wide(Millrace failing) {
        Executor<Wide> wides = failing.executor("larges", Wide.class)
                .handler((wide, run) -> null)
                .build();
        UUID id = wides.append(Wide.of(1));
        wides.execute();
        return id;
    }

    @Test
    @DisplayName("13.21 a payload that exhausts one worker after the other is aborted as poison is")
    void outOfMemory_inEachWorker_isAborted() throws InterruptedException {
        BlockingQueue<Throwable> heard = new LinkedBlockingQueue<>();
        UUID id = large(failing(heard));
        for (int deaths = 1; deaths < 3; deaths++) {
            assertThat(heard.poll(60, TimeUnit.SECONDS)).isInstanceOf(OutOfMemoryError.class);
            database.await("select exists (select from ready where id = ? and deaths = " + deaths + ")", id);
            failing(heard)
                    .executor("larges", Large.class)
                    .handler((large, run) -> null)
                    .build()
                    .execute();
        }

        database.await("select exists (select from outcome where id = ? and status = 6)", id);
    }

    /** Three events that failed, the one in the middle not to be read by the older process. */
    private List<UUID> failedThree(Executor<NewMail> newer) throws InterruptedException {
        List<UUID> ids = newer.appendAll(
                List.of(new NewMail(NewKind.PLAIN), new NewMail(NewKind.FANCY), new NewMail(NewKind.PLAIN)));
        newer.start();
        assertThat(newer.forward()).isEqualTo(3);
        assertThat(count(newer, EventStatus.FAILED)).isEqualTo(3);
        return ids;
    }

    private ExecutorBuilder<NewMail> failing() {
        return another().executor(FLOW, NewMail.class).concurrencyLimit(1).handler((mail, run) -> {
            throw new IllegalStateException("always");
        });
    }

    private static void assertNamed(UUID id, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(ValidationException.class)
                .hasMessageContaining("event %s of type 'mail' cannot be read: undecodable payload".formatted(id))
                .hasMessageContaining("$.kind")
                .hasMessageContaining("executor.json() reads it as JSON")
                .hasMessageNotContaining("FANCY")
                .satisfies(e -> assertThat(((ValidationException) e).details())
                        .containsEntry("id", id.toString())
                        .containsEntry("type", "mail"));
    }

    @Test
    @DisplayName("12.9 whoever asks for an event that cannot be read is told its id, its type and the way to read it")
    void event_thatCannotBeRead_isNamed() throws InterruptedException {
        UUID fancy = failedThree(failing().build()).get(1);
        Executor<OldMail> old = old().build();

        assertNamed(fancy, () -> old.event(fancy));
        assertNamed(fancy, () -> old.await(fancy, LONG));
        assertThat(old.invoke(fancy)).as("needs no payload").isNull();
        assertThat(old.json().find(fancy).orElseThrow().payload()).hasToString("{\"kind\":\"FANCY\"}");
        assertThat(old.contains(fancy)).isTrue();
        assertThat(old.retry(fancy)).isNotNull();
    }

    @Test
    @DisplayName(
            "12.9 an event that cannot be read does not take the others from a page: the page names it beside them")
    void page_withOneThatCannotBeRead_givesTheOthers() throws InterruptedException {
        List<UUID> ids = failedThree(failing().build());
        Executor<OldMail> old = old().build();
        for (EventPage<OldMail> page : List.of(
                old.events(EventStatus.FAILED, null, 10),
                old.latestEvents(EventStatus.FAILED, null, 10),
                old.failures(RetryFilter.failed(), null, 10))) {
            assertThat(page.events()).extracting(Event::id).containsExactlyInAnyOrder(ids.get(0), ids.get(2));
            UnreadableEvent unread = page.unreadable().getFirst();
            assertThat(page.unreadable()).hasSize(1);
            assertThat(unread.id()).isEqualTo(ids.get(1));
            assertThat(unread.type()).isEqualTo("mail");
            assertThat(unread.status()).isEqualTo(EventStatus.FAILED);
            assertNamed(ids.get(1), () -> {
                throw unread.error();
            });
        }
        EventPage<OldMail> alone = old.events(
                EventStatus.FAILED, old.events(EventStatus.FAILED, null, 1).next(), 1);
        assertThat(alone.events()).isEmpty();
        assertThat(alone.unreadable()).hasSize(1);
        assertThat(alone.next()).isNotNull();
    }

    @Test
    @DisplayName("12.9 whoever iterates gets all that can be read, and after the last of them is told what could not")
    void iteration_withOneThatCannotBeRead_givesTheOthersFirst() throws InterruptedException {
        List<UUID> ids = failedThree(failing().build());
        Executor<OldMail> old = old().build();
        for (Iterable<Event<OldMail>> all :
                List.of(old.events(EventStatus.FAILED), old.failedEvents(), old.failures(RetryFilter.failed()))) {
            List<UUID> seen = new ArrayList<>();
            assertNamed(ids.get(1), () -> all.forEach(event -> seen.add(event.id())));
            assertThat(seen).containsExactlyInAnyOrder(ids.get(0), ids.get(2));
        }
        Iterable<Event<OldMail>> one = old.failures(RetryFilter.failed().limit(1));
        assertThat(one).hasSize(1);
    }

    @Test
    @DisplayName("12.9 an event of a type that is not registered is told of in the same way")
    void listing_withATypeThatIsNotRegistered_givesTheOthers() {
        Executor<NewMail> newer = fresh().build();
        UUID known = newer.append(new NewMail(NewKind.PLAIN));
        UUID strange = another().executor(FLOW, Task.class).build().append(new Task("x"));

        EventPage<NewMail> page = newer.events(EventStatus.PENDING, null, 10);

        assertThat(page.events()).extracting(Event::id).containsExactly(known);
        assertThat(page.unreadable()).extracting(UnreadableEvent::id).containsExactly(strange);
        List<UUID> seen = new ArrayList<>();
        assertThatThrownBy(() -> newer.pendingEvents().forEach(event -> seen.add(event.id())))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("but for 1 that cannot be read")
                .hasMessageContaining(strange.toString())
                .hasMessageContaining("json()");
        assertThat(seen).containsExactly(known);
    }
}
