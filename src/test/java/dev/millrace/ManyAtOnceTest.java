package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import dev.millrace.event.StatusMove;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many events that have not ended are cancelled or skipped by one call, in Java and SQL, and old ones removed. */
class ManyAtOnceTest extends WithMillrace {
    private static final Append LATER = Append.delay(Duration.ofDays(1));

    ManyAtOnceTest(TestDatabase database) {
        super(database);
    }

    private record Other(String name) {}

    @Test
    @DisplayName("12.19 all that is pending is skipped, due, scheduled or a suspect, and all that fits only")
    void skipAll_filters_narrow() {
        Executor<Task> tasks = tasks().build();
        Executor<Other> others = millrace().executor("tasks", Other.class).build();
        Executor<Task> elsewhere = millrace().executor("elsewhere", Task.class).build();
        append(elsewhere, 2);
        UUID first = tasks.append(new Task("low"), Append.priority(1));
        tasks.append(new Task("high"), Append.priority(7));
        tasks.append(new Task("later"), LATER.withPriority(7));
        UUID suspect = tasks.append(new Task("suspect"), Append.priority(7));
        database.execute("update ready set lane = -lane where id = ?", suspect);
        others.append(new Other("other"), Append.priority(7));
        Instant created = event(tasks, first).createdAt();

        assertThat(tasks.skipAll(EventFilter.all().ofTypes("none"), "why")).isZero();
        assertThat(tasks.skipAll(EventFilter.all().appendedUntil(created), "why"))
                .isZero();
        assertThat(tasks.skipAll(EventFilter.all().appendedUntil(created.plusNanos(1_000)), "too early"))
                .isOne();
        assertThat(errorMessage(event(tasks, first))).isEqualTo("too early");
        assertThat(errorName(event(tasks, first))).isEqualTo("SkippedError");
        assertThat(tasks.skipAll(EventFilter.all().appendedSince(created).withPriorities(2, 6), "why"))
                .isZero();
        assertThat(tasks.skipAll(EventFilter.all().limit(1).appendedSince(created), "why"))
                .isOne();
        assertThat(tasks.skipAll(EventFilter.all().ofTypes("task", "none").withPriorities(7, 7), "why"))
                .isEqualTo(2);
        assertThat(count(tasks, EventStatus.SKIPPED)).isEqualTo(4);
        assertThat(others.skipAll(EventFilter.all(), "why")).isOne();
        assertThat(tasks.skipAll(EventFilter.all(), "why")).isZero();
        assertThat(count(elsewhere, EventStatus.PENDING)).isEqualTo(2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventFilter.all().withPriorities(Double.NaN, 1))
                .withMessageContaining("got NaN and 1.0");
        assertThatIllegalArgumentException().isThrownBy(() -> EventFilter.all().limit(0));
    }

    @Test
    @DisplayName("12.19 the same by SQL: skip_all and cancel_all, with the same filters, so many a call")
    void endAll_bySql_isThatOfTheLibrary() {
        Executor<Task> tasks = tasks().build();
        List<UUID> ids = append(tasks, 2_500);
        UUID later = tasks.append(new Task("later"), LATER);
        Timestamp second = Timestamp.from(event(tasks, later).createdAt());

        assertThat(database.longValue("select skip_all('tasks', 'why', types => array['none'])"))
                .isZero();
        assertThat(database.longValue("select skip_all('tasks', 'why', max_priority => 1, min_priority => 0)"))
                .isZero();
        assertThat(database.longValue("select skip_all('tasks', 'why', size => 3)"))
                .isEqualTo(3);
        assertThat(names(tasks, EventStatus.SKIPPED)).containsExactly("0", "1", "2");
        assertThat(database.longValue("select cancel_all('tasks', 'why', appended_since => ?, size => 100)", second))
                .isOne();
        assertThat(names(tasks, EventStatus.CANCELLED)).containsExactly("later");
        assertThat(database.longValue("select cancel_all('tasks', 'called off', size => 100000)"))
                .isEqualTo(2_497);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.SKIPPED, 3L, EventStatus.CANCELLED, 2_498L));
        Event<Task> event = event(tasks, ids.getLast());
        assertThat(errorMessage(event)).isEqualTo("called off");
        assertThat(event.execution().retryable()).isTrue();
        for (String call : List.of("size => 0", "size => 100001", "size => null")) {
            assertThatThrownBy(() -> database.query("select cancel_all('tasks', 'why', " + call + ")"))
                    .hasMessageContaining("size must be 1 to 100000, got ");
        }
        assertThatThrownBy(() -> database.query("select cancel_all('none', 'why')"))
                .hasMessageContaining("Flow 'none' not found");
        assertThatThrownBy(() -> database.query("select skip_all('tasks', null)"))
                .hasMessageContaining("reason must not be null");
    }

    @Test
    @DisplayName("12.19 a block of SQL that commits after each call is the loop for any number")
    void cancelAll_inABlockThatCommits_endsAll() throws Exception {
        Executor<Task> tasks = tasks().build();
        append(tasks, 2_500);
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("""
                    do $$
                    begin
                        loop
                            exit when millrace.cancel_all('tasks', 'called off', size => 1000) < 1000;
                            commit;
                        end loop;
                    end $$
                    """);
            try (ResultSet row = statement.executeQuery("select count(distinct xmin::text) from millrace.outcome")) {
                row.next();
                assertThat(row.getInt(1)).as("transactions").isEqualTo(3);
            }
        }
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.CANCELLED, 2_500L));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName(
            "12.19 cancelAll takes running events from their workers, whose handlers are interrupted; skipAll leaves them")
    void cancelAll_running_interruptsThem(boolean bySql) throws InterruptedException {
        BlockingQueue<String> interrupted = new LinkedBlockingQueue<>();
        CountDownLatch entered = new CountDownLatch(3);
        Executor<Task> there = tasks(worker(true))
                .concurrencyLimit(3)
                .prefetch(0)
                .handler((task, run) -> {
                    entered.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        interrupted.add(task.name());
                    }
                    return "ended all the same";
                })
                .build();
        BlockingQueue<StatusMove> heard = new LinkedBlockingQueue<>();
        Executor<Task> client = tasks().listener(heard::add).build();
        List<UUID> ids = append(client, 5);
        there.execute();
        assertThat(entered.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();

        assertThat(client.skipAll(EventFilter.all().limit(1), "not needed")).isOne();
        long cancelled = bySql
                ? database.longValue("select cancel_all('tasks', 'no')")
                : client.cancelAll(EventFilter.all(), "no");

        assertThat(cancelled).isEqualTo(4);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            names.add(interrupted.poll(LONG.toSeconds(), TimeUnit.SECONDS));
        }
        assertThat(names).containsExactlyInAnyOrder("0", "1", "2");
        assertThat(there.join(LONG)).isTrue();
        assertThat(counts(client)).isEqualTo(Map.of(EventStatus.CANCELLED, 4L, EventStatus.SKIPPED, 1L));
        Event<Task> ran = event(client, ids.getFirst());
        assertThat(ran.execution().duration()).isPositive();
        assertThat(errorMessage(ran)).isEqualTo("no");
        assertThat(heard.poll(LONG.toSeconds(), TimeUnit.SECONDS))
                .as("what this process ended while it was pending")
                .extracting(StatusMove::to)
                .isEqualTo(EventStatus.SKIPPED);
    }

    @Test
    @DisplayName("12.19 two calls at once share the work while workers claim, and every event ends once")
    void cancelAll_twiceAtOnce_sharesTheWork() throws Exception {
        int number = 5_000;
        Executor<Task> tasks = tasks().handler((task, run) -> null).build();
        Executor<Task> there = tasks(another()).build();
        append(tasks, number);
        CyclicBarrier together = new CyclicBarrier(3);
        long cancelled = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            List<Future<Long>> calls = new ArrayList<>();
            for (Executor<Task> client : List.of(tasks, there, there)) {
                calls.add(threads.submit(() -> {
                    together.await();
                    return client.cancelAll(EventFilter.all(), "race");
                }));
            }
            tasks.execute();
            for (Future<Long> call : calls) {
                cancelled += call.get();
            }
        }
        assertThat(tasks.join(LONG)).isTrue();

        assertThat(count(tasks, EventStatus.CANCELLED)).isEqualTo(cancelled);
        assertThat(count(tasks, EventStatus.COMPLETED)).isEqualTo(number - cancelled);
        assertThat(database.longValue("select count(*) from outcome")).isEqualTo(number);
        System.out.printf("%d of %d were cancelled before they had completed%n", cancelled, number);
    }

    @Test
    @DisplayName("12.19 an event that another transaction has locked is waited for; what is appended meanwhile is left")
    void skipAll_ofALockedEvent_waitsForIt() throws Exception {
        Executor<Task> tasks = tasks().build();
        List<UUID> ids = append(tasks, 3);
        try (ExecutorService threads = Executors.newSingleThreadExecutor();
                Connection holder = database.connect();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("select from millrace.ready where id = '" + ids.getFirst() + "' for update");
            Future<Long> call = threads.submit(() -> tasks.skipAll(EventFilter.all(), "why"));
            database.await("select count(*) = 2 from outcome");
            database.await(
                    "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())");
            UUID late = tasks.append(new Task("late"));
            holder.rollback();

            assertThat(call.get()).isEqualTo(3);
            assertThat(event(tasks, late).status()).isEqualTo(EventStatus.PENDING);
        }
    }

    @Test
    @DisplayName("12.19 events that move from table to table all the time are cancelled as well")
    void cancelAll_onTheMove_findsThem() throws InterruptedException {
        Executor<Task> tasks = tasks(worker(true))
                .handler((task, run) -> {
                    throw run.snooze(Duration.ofNanos(1_000));
                })
                .build();
        Executor<Task> client = tasks().build();
        append(client, 50);
        tasks.execute();
        database.await("select count(*) > 100 from attempt");

        assertThat(client.cancelAll(EventFilter.all(), "enough")).isEqualTo(50);
        assertThat(tasks.join(LONG)).isTrue();
        assertThat(counts(client)).isEqualTo(Map.of(EventStatus.CANCELLED, 50L));
    }

    @Test
    @DisplayName(
            "12.21 clean-up by age removes what ended long enough ago, with all that belongs to it, in Java and SQL")
    void cleanupEvents_olderThan_leavesTheYounger() {
        Executor<Task> tasks = tasks().build();
        List<UUID> ids = append(tasks, 3_000);
        tasks.skipAll(EventFilter.all().limit(2_500), "no");
        tasks.cancelAll(EventFilter.all(), "no");
        database.execute(
                "update outcome set finished_at = finished_at - interval '2 days'"
                        + " where position <= (select min(position) + 1199 from outcome) or (status = 4 and id = ?)",
                ids.get(2_500));
        List<EventStatus> both = List.of(EventStatus.SKIPPED, EventStatus.CANCELLED);

        assertThat(tasks.cleanupEvents(both, Duration.ofDays(3))).isZero();
        assertThat(tasks.cleanupEvents(List.of(), Duration.ZERO)).isZero();
        assertThat(database.longValue(
                        "select cleanup_events('tasks', array['skipped', 'cancelled'], interval '1 day', size => 100)"))
                .isEqualTo(100);
        assertThat(tasks.cleanupEvents(both, Duration.ofDays(1))).isEqualTo(1_101);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.SKIPPED, 1_300L, EventStatus.CANCELLED, 499L));
        assertThat(database.longValue("select count(*) from event")).isEqualTo(1_799);
        assertThat(database.longValue("select cleanup_events('tasks')"))
                .as("by default no skipped ones")
                .isZero();
        assertThat(database.longValue("select cleanup_events('tasks', array['skipped'], size => 100000)"))
                .isEqualTo(1_300);
        assertThat(tasks.cleanupEvents(both)).isEqualTo(499);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> tasks.cleanupEvents(both, Duration.ofDays(-1)))
                .withMessage("olderThan must not be negative and at most 3650 days, got PT-24H");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tasks.cleanupEvents(List.of(EventStatus.PENDING), Duration.ofDays(1)));
        assertThatThrownBy(() -> database.query("select cleanup_events('tasks', older_than => interval '-1 s')"))
                .hasMessageContaining("older_than must not be negative and at most 3650 days, got -1.0s");
        assertThatThrownBy(() -> database.query("select cleanup_events('tasks', array['processing'])"))
                .hasMessageContaining("got 'processing'");
    }

    @Test
    @DisplayName(
            "12.28 a cancelled event says that it is retryable, running or not, whoever cancelled it, as table A3 has it")
    void cancel_anyEvent_isRetryable() throws InterruptedException {
        Stage stage = new Stage();
        Executor<Task> tasks =
                tasks().concurrencyLimit(2).prefetch(0).handler(stage).build();
        List<UUID> ids = append(tasks, 2);
        tasks.execute();
        stage.awaitEntered(2);
        UUID pending = tasks.append(new Task("pending"), LATER);
        UUID bySql = tasks.append(new Task("by sql"), LATER);

        assertThat(tasks.cancel(ids.getFirst(), "why")).isTrue();
        assertThat(database.text("select cancel(?, 'why')", ids.getLast())).isEqualTo("true");
        assertThat(tasks.cancel(pending, "why")).isTrue();
        assertThat(database.text("select cancel(?, 'why')", bySql)).isEqualTo("true");

        for (Event<Task> event : tasks.events(EventStatus.CANCELLED)) {
            assertThat(event.execution().retryable()).as(event.payload().name()).isTrue();
            assertThat(event.execution().error().path("retryable").asBoolean()).isTrue();
        }
        assertThat(count(tasks, EventStatus.CANCELLED)).isEqualTo(4);
        UUID skipped = tasks.append(new Task("skipped"), LATER);
        tasks.skip(skipped, "why");
        assertThat(event(tasks, skipped).execution().retryable()).isFalse();
        stage.releaseAll();
        assertThat(tasks.join(LONG)).isTrue();
    }

    @Test
    @DisplayName("12.28 interrupting the callers of invoke leaves the event running")
    void invoke_interruptedCallers_leaveTheEvent() throws Exception {
        Stage stage = new Stage();
        Executor<Task> tasks = tasks().handler(stage).build();
        UUID id = tasks.append(new Task("x"));
        try (ExecutorService callers = Executors.newFixedThreadPool(2)) {
            List<Future<?>> calls =
                    List.of(callers.submit(() -> tasks.invoke(id)), callers.submit(() -> tasks.invoke(id)));
            stage.awaitEntered(1);
            calls.forEach(call -> call.cancel(true));
            callers.shutdown();
            assertThat(callers.awaitTermination(LONG.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
        }

        assertThat(event(tasks, id).status()).isEqualTo(EventStatus.PROCESSING);
        assertThat(stage.running()).isEqualTo(1);
        stage.release(1);
        assertThat(ended(tasks, id).status()).isEqualTo(EventStatus.COMPLETED);
    }

    @Test
    @DisplayName("12.19 an interrupted caller's acts on many do their work, and the flag stays set")
    void cancelAll_interruptedCaller_doesItsWork() {
        Executor<Task> tasks = tasks().build();
        tasks.appendAll(
                IntStream.range(0, 2_500).mapToObj(n -> new Task("t" + n)).toList());

        Thread.currentThread().interrupt();
        long cancelled = tasks.cancelAll(EventFilter.all(), "why");
        long cleaned = tasks.cleanupEvents(List.of(EventStatus.CANCELLED));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(cancelled).isEqualTo(2_500);
        assertThat(cleaned).isEqualTo(2_500);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "min_priority => 1, max_priority => 'NaN'",
                "min_priority => 'NaN'",
                "min_priority => 5, max_priority => 1",
                "types => array[null]::text[]"
            })
    @DisplayName("12.19 a filter that is none is refused by SQL as by the library")
    void cancelAll_bySqlWithABadFilter_isRefused(String filter) {
        Executor<Task> tasks = tasks().build();
        tasks.append(new Task("kept"));

        for (String act : List.of("cancel_all", "skip_all")) {
            assertThatThrownBy(() -> database.query("select millrace." + act + "('tasks', 'why', " + filter + ")"))
                    .hasMessageMatching(
                            "(?s).*(the lowest priority must be at most the highest|types must not contain null).*");
        }
        assertThat(tasks.statusCounts()).containsEntry(EventStatus.PENDING, 1L);
    }
}
