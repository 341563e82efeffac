package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Steering by SQL while a worker runs: whoever takes the row decides, once; and refusals in the library's words. */
class SqlSteeringRaceTest extends WithSql {
    private static final long SEED = 20_261_122L;
    private static final UUID NOBODY = UUID.fromString("00000000-0000-7000-8000-000000000001");
    private static final int EVENTS = 100;
    private static final int THREADS = 4;
    private static final int ACTS = 100;

    /** What ended an event by SQL. */
    private final Map<UUID, String> endedBy = new ConcurrentHashMap<>();

    private final Map<UUID, UUID> retried = new ConcurrentHashMap<>();

    SqlSteeringRaceTest(TestDatabase database) {
        super(database);
    }

    @Test
    @DisplayName("Of everything that steers at once, one decides each event, and the counts stay exact")
    void steering_ofARunningFlowByMany_isDecidedOnceForEach() throws Exception {
        System.out.println("seed " + SEED);
        Executor<Task> tasks = tasks().concurrencyLimit(4)
                .queueCapacity(7)
                .handler((task, run) -> task.name())
                .build();
        List<UUID> ids = new ArrayList<>(append(tasks, EVENTS));
        for (int i = 0; i < 20; i++) {
            ids.add(tasks.append(
                    new Task("later"), Append.defaults().withRunAt(Instant.now().plusMillis(20L * i))));
        }
        tasks.start();
        tasks.execute();
        CountDownLatch begin = new CountDownLatch(1);
        try (ExecutorService pool = Executors.newFixedThreadPool(THREADS)) {
            List<Future<?>> steering = new ArrayList<>();
            for (int thread = 0; thread < THREADS; thread++) {
                Random random = new Random(SEED + thread);
                steering.add(pool.submit(() -> {
                    begin.await();
                    steer(ids, random);
                    return null;
                }));
            }
            begin.countDown();
            for (Future<?> one : steering) {
                one.get(60, TimeUnit.SECONDS);
            }
        }
        tasks.resume();
        for (UUID id : ids) {
            assertThat(ended(tasks, id).execution().status().wireName())
                    .isEqualTo(endedBy.getOrDefault(id, "completed"));
        }
        for (UUID fresh : retried.keySet()) {
            ended(tasks, fresh);
        }
        assertThat(endedBy).isNotEmpty();
        assertThat(retried).isNotEmpty();
        assertExact(ids.size() + retried.size());
    }

    private void steer(List<UUID> ids, Random random) throws SQLException {
        try (Connection connection = database.connect()) {
            for (int i = 0; i < ACTS; i++) {
                UUID id = ids.get(random.nextInt(ids.size()));
                switch (random.nextInt(8)) {
                    case 0, 1 -> end(id, "cancelled", said(connection, "select millrace.cancel(?, 'race')", id));
                    case 2 -> end(id, "skipped", said(connection, "select millrace.skip(?, 'race')", id));
                    case 3 -> said(connection, "select millrace.reprioritize(?, " + random.nextInt(5) + ")", id);
                    case 4 -> {
                        String fresh = said(connection, "select millrace.retry(?)", id);
                        if (fresh != null) {
                            retried.put(UUID.fromString(fresh), id);
                        }
                    }
                    case 5 ->
                        assertThat(said(connection, "select millrace.status(?)", id))
                                .isNotNull();
                    case 6 ->
                        assertThat(said(connection, "select millrace.event(?) -> 'execution' ->> 'status'", id))
                                .isNotNull();
                    default -> {
                        said(connection, "select millrace.pause_flow('tasks', 'race')", null);
                        said(connection, "select millrace.resume_flow('tasks')", null);
                    }
                }
            }
        }
    }

    private void end(UUID id, String status, @Nullable String answer) {
        if ("t".equals(answer)) {
            assertThat(endedBy.put(id, status)).as("who else ended " + id).isNull();
        }
    }

    /** What a call answers; null also where the event's status did not allow it. */
    private static @Nullable String said(Connection connection, String sql, @Nullable UUID id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            if (id != null) {
                statement.setObject(1, id);
            }
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        } catch (SQLException e) {
            assertThat(e.getSQLState()).as(e.getMessage()).isEqualTo("MR003");
            return null;
        }
    }

    private void assertExact(int events) {
        assertThat(database.query("""
                        select count(*), count(distinct id) from (
                            select id from ready union all select id from scheduled union all select id from running
                            union all select id from outcome
                        ) one
                        """)).containsExactly(List.of((long) events, (long) events));
        assertThat(database.query("select * from status_counts('tasks') where n > 0"))
                .containsExactlyInAnyOrderElementsOf(
                        database.query("select status, count(*) from event_status group by status"));
    }

    /** A refusal by both; the library's may say more, such as in which flow. */
    private void assertRefused(String state, Runnable byLibrary, String sql, @Nullable Object... arguments) {
        Throwable expected = catchThrowable(byLibrary::run);
        assertThat(expected).as(sql).isNotNull();
        SQLException refused = catchThrowableOfType(SQLException.class, () -> {
            try (Connection connection = database.connect();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                statement.setQueryTimeout(20);
                for (int i = 0; i < arguments.length; i++) {
                    statement.setObject(i + 1, arguments[i]);
                }
                statement.execute();
            }
        });
        assertThat((Throwable) refused).as(sql).isNotNull();
        assertThat(refused.getSQLState())
                .as("%s: %s", sql, refused.getMessage())
                .isEqualTo(state);
        String message = requireNonNull(refused.getMessage()).replaceFirst("(?s)^ERROR: (.*?)\n.*", "$1");
        if (expected instanceof NullPointerException) {
            assertThat(message).isEqualTo(expected.getMessage() + " must not be null");
        } else {
            assertThat(expected.getMessage()).startsWith(message);
        }
    }

    @Test
    @DisplayName("Whatever steering refuses, it refuses by SQL and by the library in the same words")
    void refusals_ofAllThatSteers_areTheLibrarys() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        UUID done = tasks.append(new Task("done"));
        tasks.start();
        tasks.forward();
        UUID waits = tasks.append(new Task("waits"));
        double[] priorities = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        for (double priority : priorities) {
            for (UUID id : List.of(waits, done, NOBODY)) {
                assertRefused(
                        "22023",
                        () -> tasks.reprioritize(id, priority),
                        "select millrace.reprioritize(?, ?::float8)",
                        id,
                        String.valueOf(priority));
            }
        }
        assertRefused("MR003", () -> tasks.reprioritize(done, 1), "select millrace.reprioritize(?, 1)", done);
        assertRefused("MR002", () -> tasks.reprioritize(NOBODY, 1), "select millrace.reprioritize(?, 1)", NOBODY);
        assertRefused("MR003", () -> tasks.retry(waits), "select millrace.retry(?)", waits);
        assertRefused("MR002", () -> tasks.retry(NOBODY), "select millrace.retry(?)", NOBODY);
        for (String reason : List.of("", " ", "x".repeat(201), "a\nb", "\u202E")) {
            assertRefused("22023", () -> tasks.pause(reason), "select millrace.pause_flow('tasks', ?)", reason);
        }
        UUID none = null;
        assertRefused("22004", () -> tasks.cancel(waits, null), "select millrace.cancel(?, null)", waits);
        assertRefused("22004", () -> tasks.skip(waits, null), "select millrace.skip(?, null)", waits);
        assertRefused("22004", () -> tasks.cancel(none, "x"), "select millrace.cancel(null, 'x')");
        assertRefused("22004", () -> tasks.skip(none, "x"), "select millrace.skip(null, 'x')");
        assertRefused("22004", () -> tasks.reprioritize(none, 1), "select millrace.reprioritize(null, 1)");
        assertRefused("22004", () -> tasks.retry(none), "select millrace.retry(null)");
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L, EventStatus.COMPLETED, 1L));
    }
}
