package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.EventStatus;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.FaultyNetwork;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The database goes away, answers with errors, or does not answer, and comes back. */
@PostgresTest
class OutageTest {
    private static final Duration LEASE = Duration.ofSeconds(1);
    private static final Duration LONG = Duration.ofSeconds(60);

    private final TestDatabase database;

    OutageTest(TestDatabase database) {
        this.database = database;
    }

    record Task(int number) {}

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    private static MillraceBuilder settings() {
        return Millrace.builder().lease(LEASE).shutdownGrace(Duration.ZERO);
    }

    private static Executor<Task> executor(Millrace millrace) {
        return millrace.executor("tasks", Task.class)
                .pollInterval(Duration.ofMillis(50))
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 5))
                .handler((task, run) -> {
                    if (run.attempt() == 1 && task.number() % 5 == 0) {
                        throw new IllegalStateException("the first time");
                    }
                    return task.number();
                })
                .build();
    }

    private static List<Task> tasks(int many) {
        return IntStream.range(0, many).mapToObj(Task::new).toList();
    }

    @Test
    void outage_ofSeconds_isToldOnceASecondAndEndsByItself() throws Exception {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(8));
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger("dev.millrace");
        lines.start();
        try (Millrace millrace = settings().dataSource(faults).connect()) {
            Executor<Task> tasks = executor(millrace);
            tasks.execute();
            tasks.appendAll(tasks(10));
            logger.addAppender(lines);

            faults.down();
            CompletableFuture<UUID> appended = CompletableFuture.supplyAsync(() -> tasks.append(new Task(99)));
            database.query("select pg_sleep(3)");
            faults.up();
            long back = System.nanoTime();
            UUID id = appended.get(60, TimeUnit.SECONDS);

            assertThat(tasks.await(id, LONG)).isPresent();
            Duration took = Duration.ofNanos(System.nanoTime() - back);
            System.out.printf("OutageTest: run %d ms after the database was back%n", took.toMillis());
            assertThat(tasks.join(LONG)).isTrue();
            assertThat(tasks.statusCounts()).containsEntry(EventStatus.COMPLETED, 11L);
        } finally {
            logger.detachAppender(lines);
        }
        List<String> outage = new ArrayList<>(lines.list)
                .stream()
                        .map(ILoggingEvent::getFormattedMessage)
                        .filter(line -> line.contains("cannot use the database"))
                        .toList();
        assertThat(outage).hasSizeBetween(1, 6); // of seven loops that each try many times
        assertThat(outage).allMatch(line -> line.contains("others="));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"08006", "57P01", "57014", "25006", "53300", "53100", "40P01", "55P03"
            }) // connection, shutdown, timeout, read-only, resources, deadlock, lock
    void errors_thatPass_loseNothing(String sqlState) throws Exception {
        FaultyDataSource faults = new FaultyDataSource(database.newPool(8));
        try (Millrace millrace = settings().dataSource(faults).connect()) {
            Executor<Task> tasks = executor(millrace);
            for (String statement : List.of(
                    "append_one",
                    "append",
                    "claim",
                    "settle",
                    "give_back",
                    "promote",
                    "fold_counts",
                    "forgotten",
                    "worker_renew")) {
                faults.set(statement, Moment.BEFORE, 1, Fault.refuse(sqlState));
                faults.set(statement, Moment.BEFORE_COMMIT, 2, Fault.refuse(sqlState));
            }

            tasks.appendAll(tasks(19));
            tasks.append(tasks(1).getFirst());
            tasks.execute();
            assertThat(tasks.join(LONG)).isTrue();
            awaitCount(tasks, EventStatus.COMPLETED, 20);

            assertThat(database.longValue("select count(*) from running")).isZero();
        }
    }

    private void awaitCount(Executor<Task> tasks, EventStatus status, long count) {
        database.await("select count(*) = ? from outcome where status = ?", count, status.ordinal());
        assertThat(tasks.statusCounts()).containsEntry(status, count);
    }

    @Test
    @DisplayName(
            "C4 jobs that hold every connection of the pool do not cost the lease, not even when its connection is cut")
    void lease_whileThePoolIsEmpty_isKept() throws Exception {
        HikariDataSource pool = database.newPool(3);
        try (Millrace millrace = settings().dataSource(pool).connect()) {
            Executor<Task> tasks = executor(millrace);
            tasks.execute();
            UUID worker = millrace.workerId();
            database.await("select exists (select from worker where id = ?)", worker);
            List<Connection> all = takeAll(pool, 3);
            try {
                database.killConnections();
                database.query("select pg_sleep(2.5)");

                assertThat(millrace.workerId()).isEqualTo(worker);
                assertThat(database.longValue(
                                "select count(*) from worker where id = ? and expires_at > now()", worker))
                        .isOne();
            } finally {
                for (Connection connection : all) {
                    connection.close();
                }
            }
            assertThat(tasks.await(tasks.append(new Task(1)), LONG)).isPresent();
        }
    }

    private static List<Connection> takeAll(HikariDataSource pool, int many) throws SQLException {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            all.add(pool.getConnection());
        }
        return all;
    }

    @Test
    @DisplayName("C5 connections that swallow everything are given up: the renewal's within a third of the lease")
    void connections_thatSwallowEverything_areGivenUp() throws Exception {
        try (FaultyNetwork network = FaultyNetwork.before(database);
                Millrace millrace =
                        settings().jdbcUrl(network.through(database)).connect()) {
            Executor<Task> tasks = executor(millrace);
            tasks.execute();
            assertThat(tasks.await(tasks.append(new Task(1)), LONG)).isPresent();
            UUID worker = millrace.workerId();

            network.swallow();
            database.query("select pg_sleep(2.5)");
            assertThat(millrace.workerId()).isEqualTo(worker);
            assertThat(database.longValue("select count(*) from worker where id = ? and expires_at > now()", worker))
                    .isOne();

            UUID id = UUID.randomUUID();
            database.execute(
                    "insert into event (id, flow, type, payload, priority) select ?, flow, type, payload, 0 from event limit 1",
                    id);
            database.execute(
                    "insert into ready (id, priority, lane, flow) select ?, 0, lane.id, lane.flow from lane", id);
            database.await("select exists (select from outcome where id = ?)", id);
            network.cut();
        }
    }
}
