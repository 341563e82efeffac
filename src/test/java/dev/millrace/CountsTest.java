package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.maintain.CountFolder;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Counts;
import dev.millrace.store.Database;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** statusCounts(): exact at every moment, folded or not. */
class CountsTest extends WithMillrace {
    /** Counts by looking at every row, in the order of the statuses. */
    private static final String COUNTED = """
            select count(*) from (
                select 0 as status from ready union all select 0 from scheduled union all select 1 from running
                union all select status from outcome
            ) each where status = ?
            """;

    CountsTest(TestDatabase database) {
        super(database);
    }

    private static long total(Executor<?> executor) {
        return executor.statusCounts().values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    private void assertCountsMatchRows(Executor<?> executor) {
        Map<EventStatus, Long> counts = executor.statusCounts();
        for (EventStatus status : EventStatus.all()) {
            assertThat(counts.get(status)).as("%s", status).isEqualTo(database.longValue(COUNTED, status.ordinal()));
        }
    }

    /** An executor whose events take every way there is, by their number. */
    private Executor<Task> everyWay(Millrace millrace) {
        return tasks(millrace)
                .denialBackOff(Duration.ZERO)
                .maxDenials(2)
                .permission(event -> switch (number(event.payload()) % 11) {
                    case 0 -> Permission.denied("never");
                    case 1 ->
                        event.execution().attempt() < 3
                                ? Permission.waitFor(Duration.ofMillis(5))
                                : Permission.granted();
                    default -> Permission.granted();
                })
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .handler((task, run) -> switch (number(task) % 11) {
                    case 2 -> throw new IllegalStateException("always");
                    case 3 -> throw run.cancel("stop");
                    default -> task.name();
                })
                .build();
    }

    private static int number(Task task) {
        return Integer.parseInt(task.name());
    }

    @Test
    @DisplayName(
            "R-084 while events take every way on two Millraces, each look at the counts sums to what was appended")
    void statusCounts_underLoad_alwaysSumUp() throws Exception {
        int number = 3_000;
        Executor<Task> here = everyWay(millrace());
        Executor<Task> there = everyWay(another());
        List<UUID> ids = append(here, number);
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Future<Integer>> looks = new ArrayList<>();
            for (Executor<Task> executor : List.of(here, there)) {
                looks.add(threads.submit(() -> {
                    int wrong = 0;
                    while (!done.get()) {
                        wrong += total(executor) == number ? 0 : 1;
                    }
                    return wrong;
                }));
            }
            Future<?> steering = threads.submit(() -> {
                Random random = new Random(11);
                while (!done.get()) {
                    there.skip(ids.get(random.nextInt(number)), "by chance");
                    here.cancel(ids.get(random.nextInt(number)), "by chance");
                }
                return null;
            });
            here.execute();
            there.execute();
            database.await("select count(*) = ? from outcome", number);
            done.set(true);
            steering.get();
            for (Future<Integer> look : looks) {
                assertThat(look.get()).as("looks that did not sum up").isZero();
            }
        }

        assertCountsMatchRows(here);
    }

    @Test
    @DisplayName("R-084 the counts are the same before and after they are folded, and the deltas go")
    void statusCounts_folded_stayTheSame() throws InterruptedException {
        Executor<Task> client = tasks().build(); // it starts no chores
        append(client, 20);
        client.pendingEvents().forEach(event -> {
            if (number(event.payload()) < 5) {
                client.cancel(event.id(), "not needed");
            }
        });
        Map<EventStatus, Long> before = client.statusCounts();
        assertThat(database.longValue("select count(*) from status_delta")).isPositive();
        assertThat(database.longValue("select count(*) from status_count")).isZero();

        Executor<Task> worker = tasks(another()).handler((task, run) -> null).build();
        worker.start(); // its chores fold
        database.await("select count(*) = 0 from status_delta");

        assertThat(client.statusCounts()).isEqualTo(before);
        assertCountsMatchRows(client);
        assertThat(worker.forward()).isEqualTo(15);
        assertCountsMatchRows(client);
    }

    @Test
    @DisplayName(
            "R-084 with 100,000 deltas to be folded the counts are exact, and stay so fold by fold; the folder does not rest")
    void statusCounts_manyDeltas_areExactAndFoldedWithoutAPause() {
        Executor<Task> client = tasks().build(); // it starts no chores
        append(client, 3);
        int deltas = 10 * Counts.FOLD_BATCH;
        database.execute(
                "insert into status_delta (n, flow, status)"
                        + " select case when i % 4 = 0 then -2 else 1 end, flow, i % 7"
                        + " from generate_series(1, ?) i, (select min(id) as flow from flow) known",
                deltas - 1);
        Map<EventStatus, Long> before = client.statusCounts();
        for (EventStatus status : EventStatus.all()) {
            long appended = status == EventStatus.PENDING ? 3 : 0;
            long expected = IntStream.range(1, deltas)
                    .filter(i -> i % 7 == status.ordinal())
                    .mapToLong(i -> i % 4 == 0 ? -2 : 1)
                    .sum();
            assertThat(before.get(status)).as("%s", status).isEqualTo(expected + appended);
        }
        long begin = System.nanoTime();
        client.statusCounts();
        long end = System.nanoTime();

        CountFolder folder = new CountFolder(new Counts(new Database(database.newPool(1), "millrace", LONG)));
        for (int i = 0; i < 10; i++) {
            assertThat(folder.cycle()).as("pause after fold %d", i).isZero();
            assertThat(client.statusCounts()).isEqualTo(before);
        }
        System.out.printf(
                "CountsTest: counts with %d deltas %.1f ms, ten folds and counts %.1f ms%n",
                deltas, (end - begin) / 1e6, (System.nanoTime() - end) / 1e6);
        assertThat(database.longValue("select count(*) from status_delta")).isZero();
        assertThat(folder.cycle()).isPositive();
    }

    @Test
    @DisplayName("R-084 each flow counts for itself")
    void statusCounts_twoFlows_areApart() {
        Executor<Task> one = tasks().build();
        Executor<Task> other = millrace().executor("other", Task.class).build();
        append(one, 3);
        append(other, 4);

        assertThat(counts(one)).isEqualTo(Map.of(EventStatus.PENDING, 3L));
        assertThat(counts(other)).isEqualTo(Map.of(EventStatus.PENDING, 4L));
    }

    @Test
    @DisplayName("R-084 what is not due counts as pending; what is cleaned up no longer counts")
    void statusCounts_scheduledAndCleanedUp() {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("x"), Append.defaults().withRunAt(Instant.now().plus(Duration.ofDays(1))));
        UUID id = append(tasks, 1).getFirst();
        tasks.skip(id, "not needed");

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L, EventStatus.SKIPPED, 1L));
        assertThat(tasks.cleanupEvents(List.of(EventStatus.SKIPPED))).isEqualTo(1);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
        assertCountsMatchRows(tasks);
    }

    @Test
    @DisplayName("R-084 an append that is not committed is not counted, nor one that is rolled back")
    void statusCounts_openTransaction_isNotCounted() throws SQLException {
        Executor<Task> tasks = tasks().build();
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            tasks.append(connection, new Task("x"));
            assertThat(counts(tasks)).isEmpty();
            connection.rollback();
            assertThat(counts(tasks)).isEmpty();
            tasks.append(connection, new Task("y"));
            connection.commit();
        }

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
    }
}
