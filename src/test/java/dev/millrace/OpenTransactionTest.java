package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.EventStatus;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * A transaction that appended and stays open delays nobody else, however long it does. Whoever waited for a lock of its would be
 * refused after a second here, and would see no end of it.
 */
class OpenTransactionTest extends WithMillrace {
    OpenTransactionTest(TestDatabase database) {
        super(database);
    }

    private static final String WAITING = "select count(*) from pg_locks where not granted"
            + " and (database is null or database = (select oid from pg_database where datname = current_database()))";

    private Executor<Task> impatient(TestDatabase hasty) {
        Millrace millrace = opened(Millrace.builder()
                .dataSource(hasty.newPool(6))
                .patience(Duration.ZERO)
                .connect());
        return millrace.executor("tasks", Task.class)
                .pollInterval(Duration.ofMillis(20))
                .handler((task, run) -> run.transaction(connection -> task.name()))
                .build();
    }

    private static Append inADay() {
        return Append.defaults().withRunAt(Instant.now().plus(Duration.ofDays(1)));
    }

    private static List<UUID> appendEveryWay(Executor<Task> tasks, Connection open) {
        List<UUID> ids = new ArrayList<>(tasks.appendAll(open, List.of(new Task("1"), new Task("2"))));
        ids.add(tasks.append(open, new Task("3")));
        ids.add(tasks.append(open, new Task("4"), Append.uniqueKey("its key")));
        ids.add(tasks.append(
                open,
                new Task("5"),
                Append.defaults()
                        .withRunAt(Instant.now())
                        .withDeadline(Instant.now().plus(Duration.ofDays(1)))));
        return ids;
    }

    @Test
    void appends_inATransactionThatStaysOpen_delayNobodyAndAreSeenAfterItsCommit() throws Exception {
        TestDatabase hasty = database.another();
        Executor<Task> tasks = impatient(hasty);
        tasks.append(new Task("makes the flow")); // see docs/sql.md: the very first holds others up
        tasks.execute();
        assertThat(tasks.join(LONG)).isTrue();
        hasty.execute("alter database " + hasty.name() + " set lock_timeout = '1s'");
        hasty.killConnections();
        try (Connection open = hasty.connect()) {
            open.setAutoCommit(false);
            List<UUID> ids = appendEveryWay(tasks, open);

            everythingElse(tasks, hasty);

            assertThat(hasty.longValue(WAITING)).isZero();
            assertThat(ids).noneMatch(tasks::contains);
            open.commit();
            for (UUID id : ids) {
                assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
            }
            assertThat(tasks.join(LONG)).isTrue();
            assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, (long) ids.size()));
        }
    }

    /** What others do meanwhile, to its end: nothing of it is left. */
    private static void everythingElse(Executor<Task> tasks, TestDatabase hasty)
            throws InterruptedException, SQLException {
        List<UUID> others = new ArrayList<>(tasks.appendAll(List.of(new Task("a"), new Task("b"))));
        others.add(tasks.append(new Task("c")));
        others.add(tasks.append(new Task("d"), Append.uniqueKey("another key")));
        others.add(tasks.append(
                new Task("promoted"), Append.defaults().withRunAt(Instant.now().plusMillis(100))));
        others.addAll(hasty.list(UUID.class, "select append('tasks', 'task', '{\"name\": \"by SQL\"}')"));
        others.addAll(
                hasty.list(
                        UUID.class,
                        "insert into enqueue (flow, type, payload) values ('tasks', 'task', '{\"name\": \"inserted\"}') returning id"));
        for (UUID id : others) { // claimed and settled
            assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
        }
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L + others.size()));
        steer(tasks);
        assertThat(tasks.snapshot().getProgression("completed").order()).hasSize(1 + others.size());
        hasty.await("select not exists (select from status_delta)"); // folded
        assertThat(tasks.cleanupEvents(List.of(EventStatus.COMPLETED, EventStatus.CANCELLED)))
                .isEqualTo(1 + others.size() + 2);
        assertThat(counts(tasks)).isEmpty();
    }

    private static void steer(Executor<Task> tasks) throws InterruptedException {
        tasks.pause("a while");
        UUID held = tasks.append(new Task("held"));
        tasks.reprioritize(held, 1);
        assertThat(tasks.cancel(held, "not wanted")).isTrue();
        assertThat(tasks.cancel(tasks.append(new Task("later"), inADay()), "not wanted"))
                .isTrue();
        tasks.resume();
        assertThat(tasks.isPaused()).isFalse();
    }
}
