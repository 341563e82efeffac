package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.PendingCounts;
import dev.millrace.event.QueueFullException;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.Permission;
import dev.millrace.work.RetryPolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Pending events that are due and pending events that are scheduled are told apart, in counts, events and views. */
class PendingCountsTest extends WithMillrace {
    private static final Instant LATER = Instant.parse("2999-01-31T09:00:00.123456Z");
    private static final Append SCHEDULED = Append.defaults().withRunAt(LATER);

    PendingCountsTest(TestDatabase database) {
        super(database);
    }

    private void assertPending(Executor<?> tasks, long due, long scheduled) {
        assertThat(tasks.pendingCounts()).isEqualTo(new PendingCounts(due, scheduled));
        assertThat(count(tasks, EventStatus.PENDING)).isEqualTo(due + scheduled);
        assertThat(database.query("select due, scheduled from pending_counts('tasks')"))
                .containsExactly(List.of(due, scheduled));
        assertThat(database.query("select pending, due, scheduled from flow_status where flow = 'tasks'"))
                .containsExactly(List.of(due + scheduled, due, scheduled));
        assertThat(database.longValue("select n from status_counts('tasks') where status = 'pending'"))
                .isEqualTo(due + scheduled);
    }

    @Test
    @DisplayName(
            "12.16 due and scheduled are counted apart, exactly, through append, skip, promotion, cancel and folding")
    void pendingCounts_alongEveryMove_areExact() throws InterruptedException {
        Executor<Task> tasks = tasks().build();
        assertPending(tasks, 0, 0);
        append(tasks, 3);
        UUID later = tasks.append(new Task("later"), SCHEDULED);
        UUID soon = tasks.append(new Task("soon"), SCHEDULED);
        UUID never = tasks.append(new Task("never"), SCHEDULED);
        assertPending(tasks, 3, 3);

        tasks.skip(never, "not needed");
        tasks.reprioritize(later, 7);
        assertPending(tasks, 3, 2);

        database.execute("update scheduled set run_at = now() where id = ?", soon);
        assertPending(tasks, 3, 2); // its time has come, and no worker has moved it

        tasks(another()).handler((task, run) -> null).build().start(); // its chores promote and fold
        database.await("select not exists (select from scheduled where id = ?)", soon);
        database.await("select count(*) = 0 from status_delta");
        assertPending(tasks, 4, 1);
        assertThat(database.longValue("select sum(n) from status_count where status = 7"))
                .isEqualTo(1);

        tasks.cancel(later, "not needed");
        assertPending(tasks, 4, 0);
        assertThat(counts(tasks))
                .isEqualTo(Map.of(EventStatus.PENDING, 4L, EventStatus.SKIPPED, 1L, EventStatus.CANCELLED, 1L));
    }

    @Test
    @DisplayName(
            "12.16 while events are retried, told to wait, and promoted, each look at the counts sums to what is there")
    void pendingCounts_underLoad_alwaysSumUp() throws Exception {
        int number = 600;
        Executor<Task> tasks = tasks().permission(event -> event.execution().attempt() == 2
                        ? Permission.waitFor(Duration.ofMillis(5))
                        : Permission.granted())
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .handler((task, run) -> {
                    throw new IllegalStateException("always");
                })
                .build();
        append(tasks, number);
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<Integer> looks = threads.submit(() -> {
                int wrong = 0;
                while (!done.get()) {
                    PendingCounts now = tasks.pendingCounts();
                    wrong += now.due() >= 0 && now.scheduled() >= 0 && now.total() <= number ? 0 : 1;
                }
                return wrong;
            });
            tasks.execute();
            database.await("select count(*) = ? from outcome", number);
            done.set(true);
            assertThat(looks.get()).isZero();
        }

        assertPending(tasks, 0, 0);
        assertThat(database.longValue("select count(*) from attempt where reason = 'retry'"))
                .isEqualTo(number);
    }

    @Test
    @DisplayName(
            "12.16 a limit on pending events counts both, for the library and by SQL, and so does a flow without any event")
    void maxQueueSize_countsDueAndScheduled() {
        Executor<Task> tasks = tasks().maxQueueSize(3).build();
        append(tasks, 1);
        tasks.append(new Task("later"), SCHEDULED);
        tasks.append(new Task("much later"), SCHEDULED);

        assertThatExceptionOfType(QueueFullException.class)
                .isThrownBy(() -> append(tasks, 1))
                .withMessage("Queue size (3) exceeds max (3)");
        assertThatThrownBy(() -> database.query("select append('tasks', 'task', '{\"name\": \"x\"}')"))
                .hasMessageContaining("Queue size (3) exceeds max (3)");
        assertPending(tasks, 1, 2);
        assertThatThrownBy(() -> database.query("select pending_counts('none')"))
                .hasMessageContaining("Flow 'none' not found");
    }

    @Test
    @DisplayName(
            "12.16 an event says when it is due while it is scheduled: found, on a page, in a batch of SQL, and not before or after")
    void dueAt_ofAScheduledEvent_isItsTime() throws InterruptedException {
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        UUID later = tasks.append(new Task("later"), SCHEDULED);
        UUID now = tasks.append(new Task("now"));

        assertThat(event(tasks, later).dueAt()).isEqualTo(LATER);
        assertThat(event(tasks, now).dueAt()).isNull();
        assertThat(tasks.pendingEvents()).extracting(Event::dueAt).containsExactly(null, LATER);
        assertThat(tasks.newEvent(new Task("not appended"), SCHEDULED).dueAt()).isNull();
        assertThat(database.text("select iso_instant(run_at) from event_status where id = ?", later))
                .isEqualTo(LATER.toString());
        assertThat(database.text("select event(?) -> 'waiting' ->> 'due_at'", later))
                .isEqualTo(LATER.toString());
        assertThat(database.text("select event(?) -> 'waiting' ->> 'due_at'", now))
                .isNull();

        tasks.start();
        assertThat(tasks.forward()).isOne();
        assertThat(event(tasks, now).waiting()).isNull();
        assertThat(database.text("select event(?) -> 'waiting'", now)).isNull();
    }

    @Test
    @DisplayName("12.16 a snapshot has no due time: a restored event is due at once, as before")
    void snapshot_ofScheduledEvents_saysNothingOfTheirTime() {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("later"), SCHEDULED);

        assertThat(tasks.snapshot().toString()).isNotNull();
        assertThat(tasks.snapshot().items()).extracting(Event::waiting).containsOnlyNulls();
        assertThat(tasks.snapshot().toJson().toString()).doesNotContain("waiting");
    }
}
