package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Troubles as the server itself makes them: killed sessions, locks, timeouts, a deadlock, no connections left, read-only. */
@PostgresTest
class RealTroubleTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final TestDatabase parent;
    private final Map<UUID, Integer> runs = new ConcurrentHashMap<>();
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private TestDatabase database;

    RealTroubleTest(TestDatabase parent) {
        this.parent = parent;
        this.database = parent;
    }

    record Task(int number) {}

    @BeforeEach
    void listen() {
        database = parent.another(); // settings are made on it
        lines.start();
        logger().addAppender(lines);
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(lines);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("dev.millrace");
    }

    private boolean logSays(String text) {
        return new ArrayList<>(lines.list)
                .stream().anyMatch(line -> line.getFormattedMessage().contains(text));
    }

    private Executor<Task> tasks(Millrace millrace) {
        return millrace.executor("tasks", Task.class)
                .pollInterval(Duration.ofMillis(20))
                .handler((task, run) -> {
                    runs.merge(run.id(), 1, Integer::sum);
                    return task.number();
                })
                .build();
    }

    private static List<Task> some(int many) {
        return IntStream.range(0, many).mapToObj(Task::new).toList();
    }

    private void allRanOnce(Executor<Task> tasks, int many) throws InterruptedException {
        assertThat(tasks.join(LONG)).isTrue();
        database.await("select count(*) = ? from outcome", (long) many);
        assertThat(tasks.statusCounts()).containsEntry(EventStatus.COMPLETED, (long) many);
        assertThat(runs)
                .hasSize(many)
                .allSatisfy((id, times) -> assertThat(times).isEqualTo(1));
        assertThat(database.longValue("select count(*) from attempt where reason = 'lost'"))
                .isZero();
    }

    @Test
    void connections_allKilledAgainAndAgain_everythingGoesOn() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = tasks(millrace);
            tasks.execute();
            int appended = 0;
            for (int round = 0; round < 10; round++) {
                UUID id = tasks.append(new Task(round));
                tasks.appendAll(some(1_100));
                appended += 1_101;
                assertThat(database.killConnections()).isPositive();
                assertThat(tasks.event(id)).isPresent();
                database.killConnections();
                assertThat(tasks.statusCounts().values().stream()
                                .mapToLong(Long::longValue)
                                .sum())
                        .isEqualTo(appended);
                database.killConnections();
                assertThat(tasks.await(id, LONG)).isPresent();
            }

            allRanOnce(tasks, appended);
            assertThat(millrace.lateResults()).isZero();
        }
    }

    @Test
    void lock_onEveryTable_isOutlivedWithALockTimeout() throws Exception {
        database.execute("alter database " + database.name() + " set lock_timeout = '100ms'");
        lockTablesWhileWorking("[55P03]");
    }

    @Test
    void lock_onEveryTable_isOutlivedWithAStatementTimeout() throws Exception {
        database.execute("alter database " + database.name() + " set statement_timeout = '200ms'");
        lockTablesWhileWorking("[57014]");
    }

    private void lockTablesWhileWorking(String expected) throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(6));
                Connection locker = database.connect()) {
            Executor<Task> tasks = tasks(millrace);
            tasks.execute();
            tasks.appendAll(some(10));
            locker.setAutoCommit(false);
            run(locker, "set local lock_timeout = 0");
            run(locker, "set local statement_timeout = 0");
            run(locker, "lock table millrace.event, millrace.ready, millrace.running, millrace.outcome");
            CompletableFuture<UUID> waiting = CompletableFuture.supplyAsync(() -> tasks.append(new Task(99)));
            run(locker, "select pg_sleep(1.5)");
            assertThat(waiting).isNotDone();
            locker.rollback();

            assertThat(tasks.await(waiting.get(60, TimeUnit.SECONDS), LONG)).isPresent();
            allRanOnce(tasks, 11);
        }
        assertThat(logSays(expected)).isTrue();
    }

    @Test
    void settle_victimOfADeadlock_isDoneAgain() throws Exception {
        List<CountDownLatch> ends =
                IntStream.range(0, 3).mapToObj(i -> new CountDownLatch(1)).toList();
        CountDownLatch running = new CountDownLatch(3);
        try (Millrace millrace = Millrace.connect(database.newPool(6));
                Connection gate = database.connect();
                Connection rival = database.connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .handler((task, run) -> {
                        runs.merge(run.id(), 1, Integer::sum);
                        running.countDown();
                        ends.get(task.number()).await();
                        return null;
                    })
                    .build();
            List<UUID> ids = tasks.appendAll(some(3));
            tasks.execute();
            running.await();

            // While the first settlement is held up, the other two gather for one statement, in this order.
            gate.setAutoCommit(false);
            lock(gate, ids.get(0));
            ends.get(0).countDown();
            awaitBlockedSettlement();
            ends.get(1).countDown();
            database.query("select pg_sleep(0.2)");
            ends.get(2).countDown();
            database.query("select pg_sleep(0.2)");
            rival.setAutoCommit(false);
            run(rival, "set local deadlock_timeout = '1min'"); // the settlement is to be the victim
            lock(rival, ids.get(2));
            gate.rollback();
            database.await("select exists (select from outcome where id = ?)", ids.get(0));
            awaitBlockedSettlement();
            lock(rival, ids.get(1));
            rival.rollback();

            allRanOnce(tasks, 3);
        }
        assertThat(logSays("[40P01]")).isTrue();
    }

    private void awaitBlockedSettlement() {
        database.await("select count(*) = 1 from pg_stat_activity where wait_event_type = 'Lock'"
                + " and datname = current_database() and query like '-- settle:%'");
    }

    private static void lock(Connection connection, UUID id) throws SQLException {
        run(connection, "select from millrace.running where id = '" + id + "' for update");
    }

    @Test
    @NotPooled("has the server refuse connections of a role; the pooler's are of another")
    void connections_noneLeft_areWaitedFor() throws Exception {
        String role = database.name() + "_few";
        database.execute("create role " + role + " login");
        database.execute("grant usage on schema millrace to " + role);
        database.execute("grant all on all tables in schema millrace to " + role);
        database.execute("grant all on all sequences in schema millrace to " + role);
        database.execute("grant execute on all functions in schema millrace to " + role);
        String url = database.jdbcUrl().replaceFirst("user=[^&]*", "user=" + role);
        try (Millrace millrace = Millrace.builder().jdbcUrl(url).poolSize(8).connect()) {
            Executor<Task> tasks = tasks(millrace);
            tasks.execute();
            tasks.appendAll(some(500));
            assertThat(tasks.join(LONG)).isTrue();

            database.execute("alter role " + role + " connection limit 3"); // of more, none is given up by itself
            database.killConnections();
            List<Connection> hogs = takeAll(url);
            CompletableFuture<UUID> waiting = CompletableFuture.supplyAsync(() -> tasks.append(new Task(99)));
            for (int i = 0; i < 300 && !logSays("[53300]"); i++) { // whoever waits for the pool is told after a second
                database.query("select pg_sleep(0.1)");
            }
            for (Connection hog : hogs) {
                hog.close();
            }
            database.execute("alter role " + role + " connection limit 30"); // else the pool may take all three

            assertThat(tasks.await(waiting.get(60, TimeUnit.SECONDS), LONG)).isPresent();
            allRanOnce(tasks, 501);
        } finally {
            database.await("select count(*) = 0 from pg_stat_activity where usename = ?", role);
            database.execute("drop owned by " + role);
            database.execute("drop role " + role);
        }
        assertThat(logSays("[53300]")).isTrue();
    }

    /** As many as the role may have, in competition with whoever else takes them. */
    private static List<Connection> takeAll(String url) {
        List<Connection> taken = new ArrayList<>();
        for (int failures = 0; failures < 20 && taken.size() < 3; ) {
            try {
                taken.add(DriverManager.getConnection(url));
            } catch (SQLException e) {
                failures++;
            }
        }
        return taken;
    }

    @Test
    @NotPooled("a pooler keeps sessions that began while it was read-only: see docs/pgbouncer.md")
    void database_readOnlyForAWhile_isWaitedFor() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(6))) {
            Executor<Task> tasks = tasks(millrace);
            tasks.execute();
            assertThat(tasks.await(tasks.append(new Task(1)), LONG)).isPresent();

            database.execute("alter database " + database.name() + " set default_transaction_read_only = on");
            database.killConnections();
            CompletableFuture<UUID> waiting = CompletableFuture.supplyAsync(() -> tasks.append(new Task(2)));
            parent.query("select pg_sleep(1.5)");
            assertThat(waiting).isNotDone();
            parent.execute("alter database " + database.name() + " set default_transaction_read_only = off");

            // Nobody kills the read-only connections now: that they are of no use is found out.
            assertThat(tasks.await(waiting.get(60, TimeUnit.SECONDS), LONG)).isPresent();
            allRanOnce(tasks, 2);
        }
        assertThat(logSays("[25006]")).isTrue();
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
