package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.event.UnknownType;
import dev.millrace.maintain.UnknownTypes;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Events that no worker knows the type of are seen: in a view, in the log, and by who joins. */
class UnknownTypesTest extends WithMillrace {
    private final Logger logger = (Logger) LoggerFactory.getLogger(UnknownTypes.class);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    UnknownTypesTest(TestDatabase database) {
        super(database);
    }

    /** A payload of another type. */
    record Other(String name) {}

    @BeforeEach
    void listen() {
        lines.start();
        logger.setLevel(Level.DEBUG);
        logger.addAppender(lines);
    }

    @AfterEach
    void stopListening() {
        logger.detachAppender(lines);
        logger.setLevel(null);
    }

    private List<String> said(Level level) {
        return List.copyOf(lines.list).stream()
                .filter(line -> line.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    private static Executor<Task> worker(Millrace millrace) {
        return tasks(millrace).handler((task, run) -> null).build();
    }

    private static Executor<Other> others(Millrace millrace) {
        return millrace.executor("tasks", Other.class)
                .handler((other, run) -> null)
                .build();
    }

    private List<List<Object>> status(String columns) {
        return database.query("select " + columns + " from type_status order by flow, type").stream()
                .map(row -> row.stream().map(Object.class::cast).toList())
                .toList();
    }

    @Test
    @DisplayName("12.5 one view answers for the whole schema: flow, type, due, oldest due, workers that know the type")
    void typeStatus_ofAllFlows_saysWhatIsDueAndWhoKnowsIt() {
        Executor<Other> client = others(millrace());
        Instant first =
                event(client, client.append(new Other("a"), Append.priority(9))).createdAt();
        client.append(new Other("b"), Append.priority(1)); // next, but younger
        client.append(new Other("later"), Append.defaults().withRunAt(Instant.parse("2999-01-01T00:00:00Z")));
        millrace().executor("idle", Task.class).build();
        Executor<Task> one = worker(another());
        one.start();
        Executor<Task> two = worker(another());
        two.execute();

        database.await("select count(*) = 2 from worker where lanes <> '{}'");
        assertThat(status("flow, type, due, workers"))
                .containsExactly(
                        List.of("idle", "task", 0L, 0L),
                        List.of("tasks", "other", 2L, 0L),
                        List.of("tasks", "task", 0L, 2L));
        assertThat(database.text("select iso_instant(oldest_due) from type_status where type = 'other'"))
                .isEqualTo(first.toString());
        assertThat(database.longValue("select count(*) from type_status where due > 0 and workers = 0"
                        + " and waiting between interval '0' and clock_timestamp() - oldest_due"))
                .isOne();
        assertThat(database.longValue("select count(*) from type_status where oldest_due is null and waiting is null"))
                .isEqualTo(2);
        assertThat(database.longValue("select count(*) from worker_status where flows = '{tasks}' and alive"))
                .isEqualTo(2);
    }

    @Test
    @LeavesRunningRows
    @DisplayName(
            "12.5 what waits as a suspect is due, and what is scheduled once its time has come though nobody moves it")
    void typeStatus_suspectsAndUnmoved_areDue() {
        Executor<Task> client = tasks().build();
        List<UUID> ids = append(client, 3);
        database.execute("update ready set lane = -lane where id = ?", ids.getFirst());
        client.append(new Task("later"), Append.defaults().withRunAt(Instant.parse("2999-01-01T00:00:00Z")));
        assertThat(status("due")).containsExactly(List.of(3L));
        assertThat(database.text("select iso_instant(oldest_due) from type_status"))
                .isEqualTo(event(client, ids.getFirst()).createdAt().toString());

        database.execute("update scheduled set run_at = '2001-02-03T04:05:06Z'");

        assertThat(status("due")).containsExactly(List.of(4L));
        assertThat(database.text("select iso_instant(oldest_due) from type_status"))
                .isEqualTo("2001-02-03T04:05:06Z");
    }

    @Test
    @DisplayName(
            "12.5 a worker is known to know a type from start to stop, for each of its executors, and not once its lease ran out")
    void workers_thatKnowAType_areThoseThatStarted() {
        Millrace process = another();
        Executor<Task> one = worker(process);
        Executor<Task> same = worker(process);
        assertThat(status("workers")).containsExactly(List.of(0L));
        one.start();
        assertThat(status("workers")).containsExactly(List.of(1L)); // with the registration itself
        same.execute();
        others(process).start();
        database.await("select count(*) = 2 from type_status where workers = 1");
        one.stop();
        database.await("select count(*) = 2 from type_status where workers = 1");
        same.stop();
        database.await("select count(*) = 1 from type_status where workers = 1");
        assertThat(database.text("select type from type_status where workers = 1"))
                .isEqualTo("other");

        one.start();
        database.await("select count(*) = 2 from type_status where workers = 1");
        database.execute("delete from worker"); // taken for dead: it registers anew
        one.stop(); // renews at once, and finds that out
        one.start();
        database.await("select count(*) = 2 from type_status where workers = 1");

        process.close();
        assertThat(status("workers")).containsExactly(List.of(0L), List.of(0L));
    }

    @Test
    @DisplayName("12.5 invoking or joining without a loop makes nobody a worker that knows the type")
    void invoke_once_isNotKnowing() throws InterruptedException {
        Executor<Task> tasks = worker(millrace());
        UUID id = tasks.append(new Task("x"));
        tasks.invoke(id);
        tasks.join();

        assertThat(status("workers")).containsExactly(List.of(0L));
    }

    @Test
    @DisplayName(
            "12.5 a worker warns of due events of a type that it does not know and no live worker does: a line for each type")
    void worker_thatMeetsUnknownTypes_saysSo() throws InterruptedException {
        Executor<Other> client = others(millrace());
        client.append(new Other("secret payload"));
        client.append(new Other("secret payload"));
        Executor<Task> tasks = worker(another());
        tasks.append(new Task("known")); // and due: no word of that
        tasks.start();

        awaitUntil(() -> !said(Level.WARN).isEmpty());

        assertThat(said(Level.WARN))
                .singleElement()
                .asString()
                .startsWith("flow=tasks type=other due=2 since=")
                .contains("no live worker knows this type")
                .doesNotContain("secret");
        assertThat(said(Level.DEBUG)).isEmpty();
    }

    @Test
    @DisplayName("12.5 it looks once a minute; what another worker knows, or a paused flow holds, is no warning")
    void cycle_byTurns_looksOnceAMinute() {
        Executor<Other> client = others(millrace());
        client.append(new Other("x"));
        int flow = client.flow().id();
        UnknownTypes chore = new UnknownTypes(millrace().store().types(), () -> List.of(flow), List::of);

        assertThat(chore.cycle()).isEqualTo(UnknownTypes.BEFORE_THE_FIRST);
        assertThat(lines.list).isEmpty();
        assertThat(chore.cycle()).isEqualTo(Duration.ofMinutes(1));
        assertThat(said(Level.WARN)).hasSize(1);

        client.pause();
        chore.cycle();
        assertThat(lines.list).hasSize(1);

        client.resume();
        database.execute(
                "insert into worker (id, host, pid, version, expires_at) values (?, 'old', 1, '0', now() + interval '1 h')",
                UUID.randomUUID()); // of a library that does not say what it knows
        chore.cycle();
        assertThat(said(Level.WARN)).hasSize(1);
        assertThat(said(Level.DEBUG)).hasSize(1);

        database.execute("update worker set lanes = array(select id from lane)");
        chore.cycle();
        assertThat(said(Level.WARN)).hasSize(1);
        assertThat(said(Level.DEBUG)).last().asString().contains("workers=1");

        database.execute("update worker set expires_at = now()"); // it died
        chore.cycle();
        assertThat(said(Level.WARN)).hasSize(2);
        assertThat(new UnknownTypes(millrace().store().types(), List::of, List::of).cycle())
                .isPositive();
    }

    @Test
    @DisplayName("12.5 join that gets there although unknown types wait says so, and joinReport has them")
    void join_whileUnknownTypesWait_says() throws InterruptedException {
        Executor<Other> client = others(millrace());
        Executor<Task> tasks = worker(another());
        append(tasks, 2);
        tasks.start();
        assertThat(tasks.joinReport(LONG)).isEqualTo(new JoinReport(true, List.of()));
        assertThat(tasks.joinReport(LONG).isDrained()).isTrue();
        Instant appended = event(client, client.append(new Other("x"))).createdAt();
        append(tasks, 2);

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(said(Level.WARN)).singleElement().asString().startsWith("flow=tasks type=other due=1 since=");

        JoinReport report = tasks.joinReport(LONG);
        assertThat(report).isEqualTo(new JoinReport(true, List.of(new UnknownType("tasks", "other", 1, appended, 0))));
        assertThat(report.isDrained()).isFalse();
        assertThat(tasks.unknownTypes()).isEqualTo(report.unknownTypes());
        assertThat(said(Level.WARN)).hasSize(1);
        tasks.pause();
        assertThat(tasks.unknownTypes()).isEmpty();
    }

    @Test
    @DisplayName("12.5 joinReport that does not get there says that, and what is unknown all the same")
    void joinReport_timeIsOver_isNotDone() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Other> client = others(millrace());
        client.append(new Other("x"));
        Executor<Task> tasks = tasks(another()).handler(stage).build();
        append(tasks, 1);
        tasks.execute();
        stage.awaitEntered(1);

        JoinReport report = tasks.joinReport(Duration.ofMillis(20));

        assertThat(report.done()).isFalse();
        assertThat(report.unknownTypes()).extracting(UnknownType::type).containsExactly("other");
        stage.releaseAll();
        assertThat(tasks.join(LONG)).isTrue();
    }
}
