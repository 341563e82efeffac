package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.EventStatus;
import dev.millrace.event.StatusMove;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Every login of a database may notify. A worker only looks when it is notified, and believes the database. */
@PostgresTest
@NotPooled("is about LISTEN")
class ForgedNotificationTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    /** For each of 350 acts a second on what came: a claim, a promotion, a look at pauses and at cancellations. */
    private static final long STATEMENTS_A_SECOND = 350 * 4;

    private final TestDatabase database;
    private final CountDownLatch running = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final AtomicInteger interrupts = new AtomicInteger();
    private final List<StatusMove> moves = new CopyOnWriteArrayList<>();

    ForgedNotificationTest(TestDatabase database) {
        this.database = database;
    }

    record Task(String name) {}

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    @Test
    @DisplayName("13.10 a forged order to cancel interrupts no handler, and a real one still does")
    void notify_forgedCancel_interruptsNobody() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .listener(moves::add)
                    .voidHandler((task, run) -> run())
                    .build();
            tasks.execute();
            database.await("select exists (select from worker where listening)");
            UUID id = tasks.append(new Task("one"));
            running.await();

            forge(id, 2_000);
            awaitHeard(millrace);
            mayEnd.countDown();

            assertThat(tasks.await(id, LONG))
                    .hasValueSatisfying(event -> assertThat(event.status()).isEqualTo(EventStatus.COMPLETED));
            assertThat(interrupts).hasValue(0);
            assertThat(moves).extracting(StatusMove::to).doesNotContain(EventStatus.CANCELLED);
        }
    }

    @Test
    @DisplayName("13.10 a forged order that comes before the claim calls nothing off")
    void notify_forgedCancelBeforeTheClaim_isForgotten() throws Exception {
        mayEnd.countDown();
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> run())
                    .build();
            UUID id = tasks.append(new Task("one"));
            tasks.start();
            database.await("select exists (select from worker where listening)");

            forge(id, 10);
            awaitHeard(millrace);
            tasks.execute();

            assertThat(tasks.await(id, LONG))
                    .hasValueSatisfying(
                            event -> assertThat(event.execution().attempt()).isEqualTo(1));
        }
    }

    @Test
    @DisplayName("13.10 payloads of any kind, on both channels, are ignored and end nothing")
    void notify_anyPayload_isIgnored() throws Exception {
        mayEnd.countDown();
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> run())
                    .build();
            tasks.execute();
            database.await("select exists (select from worker where listening)");

            for (String payload : payloads()) {
                database.query(
                        "select pg_notify('millrace', ?), pg_notify(channel::text, ?) from worker", payload, payload);
            }
            awaitHeard(millrace);

            UUID id = tasks.append(new Task("one"));
            assertThat(tasks.await(id, LONG))
                    .hasValueSatisfying(event -> assertThat(event.status()).isEqualTo(EventStatus.COMPLETED));
            assertThat(interrupts).hasValue(0);
        }
    }

    private static List<String> payloads() {
        List<String> payloads = new ArrayList<>(List.of(
                "",
                " ",
                "x",
                "-1",
                "+1",
                "0",
                "1 ",
                "\u0661",
                "2147483647",
                "2147483648",
                "99999999999999999999",
                "1e3",
                "NaN"));
        payloads.addAll(List.of(
                "\u0001", "\u001b[2J", "\n", "\r\n1", "\u202e1", "\uD83D\uDE00", "\uFFFF", "'; --", "$1", "{}"));
        payloads.addAll(List.of(
                "1".repeat(7_999), "x".repeat(7_999), "cancel " + "f".repeat(7_000), "pause " + "9".repeat(7_000)));
        payloads.addAll(List.of(
                "cancel",
                "cancel ",
                "cancel x",
                "cancel 1-1-1-1-1",
                "pause",
                "pause ",
                "pause x",
                "pause -1",
                "pause 0",
                "pause 2147483648",
                "PAUSE 1",
                "Cancel 1"));
        return payloads;
    }

    @Test
    @DisplayName(
            "13.10 a flood of forged wake-ups and pauses costs a bounded number of statements for each second of it, and pauses"
                    + " nothing")
    void notify_flood_costsBoundedStatements() throws Exception {
        mayEnd.countDown();
        FaultyDataSource statements = new FaultyDataSource(database.newPool(6));
        try (Millrace millrace = Millrace.connect(statements)) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> run())
                    .build();
            tasks.execute();
            database.await("select exists (select from worker where listening)");
            long flow = database.longValue("select id from flow");
            int before = statements.allExecutions();
            long begin = System.nanoTime();

            database.execute("""
                    do $$ begin
                        for i in 1..10000 loop
                            perform pg_notify('millrace', '%1$s'), pg_notify('millrace', '0'), pg_notify('millrace', 'pause %1$s'),
                                pg_notify(channel::text, 'cancel ' || gen_random_uuid()) from millrace.worker;
                            commit;
                        end loop;
                    end $$
                    """.formatted(flow));
            awaitHeard(millrace);

            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin) + 1;
            int sent = statements.allExecutions() - before;
            System.out.printf("13.10 40,000 forged notifications in %d s: %d statements%n", seconds, sent);
            assertThat((long) sent).isLessThan(STATEMENTS_A_SECOND * (seconds + 1));
            UUID id = tasks.append(new Task("one"));
            assertThat(tasks.await(id, LONG))
                    .hasValueSatisfying(event -> assertThat(event.status()).isEqualTo(EventStatus.COMPLETED));
        }
    }

    @Test
    @DisplayName("13.10 a forged pause starts and stops nothing, whether it comes before the claim or after")
    void notify_forgedPause_stopsNothing() throws Exception {
        mayEnd.countDown();
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> run())
                    .build();
            UUID early = tasks.append(new Task("one"));
            tasks.start();
            database.await("select exists (select from worker where listening)");
            for (int i = 0; i < 100; i++) {
                database.query("select pg_notify('millrace', 'pause ' || id) from flow");
            }
            tasks.execute();
            for (int i = 0; i < 100; i++) {
                database.query("select pg_notify('millrace', 'pause ' || id) from flow");
            }
            UUID late = tasks.append(new Task("two"));

            for (UUID id : List.of(early, late)) {
                assertThat(tasks.await(id, LONG)).hasValueSatisfying(event -> {
                    assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
                    assertThat(event.execution().attempt()).isEqualTo(1);
                });
            }
        }
    }

    @Test
    @DisplayName("13.10 the channel of a worker is not readable for the read role, by the table or by a view")
    void channel_readRole_isRefused() throws SQLException {
        database.execute("insert into worker (id, host, pid, version, channel, lanes, expires_at, steady_since)"
                + " values (gen_random_uuid(), 'h', 1, 'v', gen_random_uuid(), '{}', now(), now())");
        String channel = database.text("select channel::text from worker");
        try (Connection connection = database.connectDirectly();
                Statement statement = connection.createStatement()) {
            statement.execute("set role millrace_read");
            for (String look : List.of("*", "channel", "w", "count(channel)", "row_to_json(w)")) {
                assertThat(state(statement, "select " + look + " from millrace.worker w"))
                        .as(look)
                        .isEqualTo("42501");
            }
            assertThat(state(statement, "select id from millrace.worker where channel is not null"))
                    .isEqualTo("42501");
            assertThat(state(statement, "select id, host, lanes, expires_at from millrace.worker"))
                    .isEqualTo("done");
            for (String relation : database.list(String.class, """
                    select c.relname::text from pg_class c
                    where c.relnamespace = 'millrace'::regnamespace and c.relkind in ('r', 'v', 'm', 'p') and c.relname <> 'worker'
                        and has_any_column_privilege('millrace_read', c.oid, 'select')
                    """)) {
                assertThat(database.longValue(
                                "select count(*) from %s t where t::text like ?".formatted(relation),
                                "%" + channel + "%"))
                        .as(relation)
                        .isZero();
            }
        }
    }

    private static String state(Statement statement, String sql) {
        try {
            statement.execute(sql);
            return "done";
        } catch (SQLException e) {
            return e.getSQLState();
        }
    }

    private void run() {
        running.countDown();
        try {
            mayEnd.await();
        } catch (InterruptedException e) {
            interrupts.incrementAndGet();
        }
    }

    /** Sends orders to the worker's own channel, as whoever can read the table of workers may. */
    private void forge(UUID id, int times) throws SQLException {
        try (Connection connection = database.connect();
                PreparedStatement forged =
                        connection.prepareStatement("select pg_notify(w.channel::text, ?) from millrace.worker w")) {
            for (int i = 0; i < times; i++) {
                forged.setString(1, "cancel " + (i % 2 == 0 ? id : UUID.randomUUID()));
                forged.executeQuery().close();
            }
            for (String garbage :
                    List.of("cancel", "cancel x", "pause", "pause -1", "pause 99999999999", "\u0001", "-1")) {
                forged.setString(1, garbage);
                forged.executeQuery().close();
            }
        }
    }

    /** Cancels a running event of another flow: once its handler is interrupted, all that was sent before has been heard. */
    private void awaitHeard(Millrace millrace) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        Executor<Task> marks = millrace.executor("marks", Task.class)
                .voidHandler((task, run) -> {
                    begun.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        interrupted.countDown();
                    }
                })
                .build();
        marks.execute();
        UUID mark = marks.append(new Task("mark"));
        begun.await();
        database.query("select millrace.cancel(?, 'heard')", mark);
        interrupted.await();
        marks.stop();
    }
}
