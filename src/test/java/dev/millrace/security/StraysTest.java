package dev.millrace.security;

import static dev.millrace.security.Rows.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.security.Rows.Task;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What becomes of rows and events that plain SQL has brought apart. */
@PostgresTest
class StraysTest {
    private static final Duration LEASE = Duration.ofSeconds(3);

    private final TestDatabase database;

    StraysTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    private Millrace connect() {
        return Millrace.builder().dataSource(database.newPool(6)).lease(LEASE).connect();
    }

    @Test
    @DisplayName("13.2 a deleted event takes its state and all that belongs to it along, whatever its status")
    void delete_ofEvents_takesAllAlong() {
        List<UUID> ids = List.of(UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID());
        for (UUID id : ids) {
            database.query(
                    "select append('f', 't', '1', id => ?, unique_key => 'k' || ?, deadline => now() + interval '1 day', max_crashes => 2)",
                    id,
                    id.toString());
        }
        database.query("select append('f', 't', '1', id => gen_random_uuid(), delay => 100)");
        UUID kept = database.list(UUID.class, "select append('f', 't', '1', unique_key => 'kept')")
                .getFirst();
        database.query("select append('f', 't', '1', unique_key => 'for ever', unique_scope => 'forever')");
        database.query("select skip(?, 'test')", ids.get(1));
        database.query("select retry(?)", ids.get(1));
        database.execute("""
                with taken as (delete from ready where id = ? returning *)
                insert into running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)
                select id, gen_random_uuid(), now(), priority, position, lane, flow, 1, 0, 0, 0 from taken
                """, ids.get(2));
        database.execute(
                "insert into attempt (event, started_at, attempt, reason) values (?, now(), 1, 'retry')", ids.get(0));
        database.execute("insert into chunk (event, attempt, index, value) values (?, 1, 0, '1')", ids.get(2));
        database.execute("insert into progress (event, attempt, fraction) values (?, 1, 0)", ids.get(2));

        assertThat(database.execute("delete from event where id <> ?", kept)).isEqualTo(7);

        assertThat(Rows.wrongRows(database)).isEmpty();
        assertThat(Rows.wrongCounts(database)).isEmpty();
        for (String table :
                List.of("attempt", "chunk", "progress", "retried", "expiry", "event_option", "running", "outcome")) {
            assertThat(database.longValue("select count(*) from " + table))
                    .as(table)
                    .isZero();
        }
        assertThat(database.list(String.class, "select key::text from unique_key order by 1"))
                .containsExactly("for ever", "kept");
    }

    @Test
    @DisplayName("13.2 a deleted outcome takes its event along, unless that was put back into the queue")
    void delete_ofOutcomes_takesEventsAlong() {
        database.query("select skip(append('f', 't', '1'), 'test') from generate_series(1, 3)");
        database.execute("""
                with back as (delete from outcome where id = (select min(id::text)::uuid from outcome) returning *)
                insert into ready (id, priority, lane, flow, attempt) select b.id, 0, l.id, b.flow, b.attempt from back b, lane l
                """);
        assertThat(database.longValue("select count(*) from event")).isEqualTo(3);

        database.execute("delete from outcome");

        assertThat(database.longValue("select count(*) from event")).isEqualTo(1);
        assertThat(Rows.wrongRows(database)).isEmpty();
        assertThat(Rows.wrongCounts(database)).isEmpty();
    }

    @Test
    @DisplayName("13.2 events that are deleted while workers claim, retry and settle them leave nothing behind")
    void delete_ofEventsOnTheMove_leavesNothing() throws Exception {
        try (Millrace millrace = connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .retry(dev.millrace.work.RetryPolicy.fixed(Duration.ofMillis(1), 3))
                    .voidHandler((task, run) -> {
                        if (task.number() % 2 == 0) {
                            throw new IllegalStateException("again");
                        }
                    })
                    .build();
            tasks.execute();
            for (int round = 0; round < 10; round++) {
                List<UUID> ids = Rows.append(tasks, 60);
                for (int i = 0; i < ids.size(); i += 3) {
                    database.execute("delete from event where id in (?, ?)", ids.get(i), ids.get(i + 1));
                }
            }
            assertThat(tasks.join(LONG)).isTrue();
            database.await("select not exists (select from running) and not exists (select from scheduled)");

            assertThat(Rows.wrongRows(database)).isEmpty();
            assertThat(Rows.wrongCounts(database)).isEmpty();
            assertThat(database.longValue("select count(*) from event")).isEqualTo(200);
        }
    }

    @Test
    @DisplayName("13.2 the answer of a handler whose event was deleted changes nothing, and its worker goes on")
    void delete_ofARunningEvent_leavesTheWorkerGoing() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch deleted = new CountDownLatch(1);
        try (Millrace millrace = connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> {
                        if (task.number() == 0) {
                            running.countDown();
                            deleted.await();
                        }
                    })
                    .build();
            UUID id = tasks.append(new Task(0));
            tasks.execute();
            running.await();
            database.execute("delete from event where id = ?", id);
            deleted.countDown();
            UUID next = tasks.append(new Task(1));

            assertThat(tasks.await(next, LONG)).isPresent();
            assertThat(tasks.event(id)).isEmpty();
            assertThat(Rows.wrongRows(database)).isEmpty();
        }
    }

    @Test
    @DisplayName("13.2 rows of events that are not there, or have ended, do not circle: they go")
    void rows_withoutAnOpenEvent_go() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        try (Millrace millrace = connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> runs.incrementAndGet())
                    .build();
            UUID ended = tasks.append(new Task(0), Append.priority(-1));
            tasks.execute();
            assertThat(tasks.await(ended, LONG)).isPresent();
            database.execute(
                    "insert into ready (id, priority, lane, flow) select gen_random_uuid(), 0, id, flow from lane");
            database.execute("insert into ready (id, priority, lane, flow) select ?, 0, id, flow from lane", ended);
            List<UUID> good = Rows.append(tasks, 20);

            for (UUID id : good) {
                assertThat(tasks.await(id, LONG)).isPresent();
            }
            database.await("select not exists (select from ready) and not exists (select from running)");
            assertThat(Rows.wrongRows(database)).isEmpty();
            assertThat(Rows.wrongCounts(database)).isEmpty();
            assertThat(runs.get()).isBetween(21, 23); // the ended one once or twice more
            assertThat(Objects.requireNonNull(tasks.statusCounts().get(EventStatus.COMPLETED)))
                    .isEqualTo(21);
        }
    }

    @Test
    @DisplayName(
            "13.2 a dead worker's rows of events that are not there, have ended, or are queued as well do not stop the rescue")
    void rescue_ofRowsWithoutAnOpenEvent_goesOn() {
        UUID real = database.list(UUID.class, "select append('tasks', 'task', '{\"number\": 1}')")
                .getFirst();
        UUID ended = database.list(UUID.class, "select append('tasks', 'task', '{\"number\": 2}')")
                .getFirst();
        database.query("select skip(?, 'test')", ended);
        UUID dead = UUID.randomUUID();
        database.execute(
                "insert into worker (id, host, pid, version, expires_at) values (?, 'mill', 7, '1', now())", dead);
        for (UUID id : List.of(real, ended, UUID.randomUUID())) {
            database.execute(
                    "insert into running (id, worker, claimed_at, priority, position, lane, flow, attempt, failures, denials, deaths)"
                            + " select ?, ?, now(), 0, 1, id, flow, 1, 0, 0, 0 from lane",
                    id,
                    dead);
        }
        try (Millrace millrace = connect()) {
            Executor<Task> tasks = Rows.tasks(millrace);
            tasks.start();

            database.await("select not exists (select from running)");
            database.await("select not exists (select from worker where id = ?)", dead);
            assertThat(Rows.wrongRows(database)).isEmpty();
            assertThat(Rows.wrongCounts(database)).isEmpty();
            assertThat(tasks.event(real)).isPresent();
        }
    }

    @Test
    @DisplayName("13.2 events whose row was deleted from the queue are settled as aborted, with the reason")
    void settleStrays_ofEventsWithoutARow_abortsThem() {
        try (Millrace millrace = connect()) {
            Executor<Task> tasks = Rows.tasks(millrace);
            List<UUID> ids = Rows.append(tasks, 5);
            database.query("select append('tasks', 'task', '{}', delay => 100)");
            tasks.skip(ids.getLast(), "test");
            database.execute("delete from ready where id in (?, ?)", ids.get(0), ids.get(1));

            assertThat(database.longValue("select settle_strays('tasks')")).isEqualTo(2);
            assertThat(database.longValue("select settle_strays('tasks')")).isZero();

            assertThat(tasks.event(ids.getFirst()).orElseThrow().status()).isEqualTo(EventStatus.ABORTED);
            assertThat(database.text("select error ->> 'message' from event_status where id = ?", ids.getFirst()))
                    .contains("its row was deleted from the queue");
            assertThat(Rows.wrongRows(database)).isEmpty();
            assertThat(Rows.wrongCounts(database)).isEmpty();
        }
    }
}
