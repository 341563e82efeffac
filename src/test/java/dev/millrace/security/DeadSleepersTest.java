package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Append;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** A worker that ended without a word leaves its wish to be woken behind. */
@PostgresTest
@NotPooled("about notifications, which need a session")
class DeadSleepersTest {
    private static final String HOUR_AGO = "clock_timestamp() - interval '1 hour'";
    private static final String IN_AN_HOUR = "clock_timestamp() + interval '1 hour'";
    private static final int THREADS = 8;
    private static final int EACH = 150;

    private final TestDatabase database;

    DeadSleepersTest(TestDatabase database) {
        this.database = database;
    }

    record Task(int number) {}

    @BeforeEach
    void empty() {
        database.truncateAll();
    }

    private void sleepUntil(String expiry) {
        database.execute("delete from worker");
        database.execute(
                "insert into worker (id, host, pid, version, expires_at) select gen_random_uuid(), 'gone', n, 'test', "
                        + expiry + " from generate_series(1, 10) n");
        database.execute("insert into sleeper (flow, worker) select flow, worker.id from worker,"
                + " (select id from flow union all select 0) each (flow)");
    }

    /** What is notified while an event is appended that is due, and one that is scheduled for soon. */
    private List<String> notified(Executor<Task> tasks) throws Exception {
        try (Connection listener = database.connectDirectly();
                Statement statement = listener.createStatement()) {
            boolean unused = statement.execute("listen millrace");
            tasks.append(new Task(1));
            tasks.append(new Task(2), Append.delay(Duration.ofSeconds(1)));
            database.execute("notify millrace, 'end'");
            List<String> heard = new ArrayList<>();
            while (!heard.contains("end")) {
                PGNotification[] some = listener.unwrap(PGConnection.class).getNotifications(60_000);
                assertThat(some).isNotEmpty();
                for (PGNotification one : some) {
                    heard.add(one.getParameter());
                }
            }
            return heard;
        }
    }

    @Test
    @DisplayName("13.9 rows of workers whose lease has run out wake nobody, those of living workers do")
    void append_withRowsOfTheDead_notifiesNobody() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(4))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class).build();
            String flow = database.text("select id::text from flow");
            sleepUntil(HOUR_AGO);
            assertThat(notified(tasks)).containsExactly("end");

            sleepUntil(IN_AN_HOUR);
            assertThat(notified(tasks)).containsExactly(flow, "0", "end");
        }
    }

    @Test
    @DisplayName("13.9 rows of the dead go with the rescue by a worker that lives")
    void rescue_ofADeadSleeper_removesItsRows() {
        try (Millrace millrace = Millrace.builder()
                .dataSource(database.newPool(6))
                .lease(Duration.ofSeconds(1))
                .connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .voidHandler((task, run) -> {})
                    .build();
            sleepUntil(HOUR_AGO);
            tasks.execute();
            database.await("select count(*) = 1 from worker");
            database.await("select count(distinct worker) <= 1 from sleeper");
        }
    }

    @Test
    @DisplayName(
            "13.9 single appends of eight threads, with rows of the dead and without: the ratio, for people to read")
    void append_withRowsOfTheDead_costsWhatItCostsWithout() throws Exception {
        try (Millrace millrace = Millrace.connect(database.newPool(THREADS))) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class).build();
            appendAll(tasks); // warms up
            double without = 0;
            double with = 0;
            for (int round = 0; round < 3; round++) {
                without += appendAll(tasks);
                sleepUntil(HOUR_AGO);
                with += appendAll(tasks);
                database.execute("delete from worker");
            }
            System.out.printf("13.9 time of appends with rows of the dead / without: %.2f%n", with / without);
            assertThat(database.longValue("select count(*) from ready")).isEqualTo(7L * THREADS * EACH);
        }
    }

    private static double appendAll(Executor<Task> tasks) {
        long begin = System.nanoTime();
        try (var threads = Executors.newFixedThreadPool(THREADS)) {
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                all.add(CompletableFuture.runAsync(
                        () -> {
                            for (int i = 0; i < EACH; i++) {
                                tasks.append(new Task(i));
                            }
                        },
                        threads));
            }
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
        }
        return System.nanoTime() - begin;
    }
}
