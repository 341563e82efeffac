package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.QueueFullException;
import dev.millrace.faults.Fault;
import dev.millrace.faults.FaultyDataSource;
import dev.millrace.faults.Moment;
import dev.millrace.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The order of the queue, and its bound. */
class QueueTest extends WithMillrace {
    private final List<String> ran = Collections.synchronizedList(new ArrayList<>());

    QueueTest(TestDatabase database) {
        super(database);
    }

    /** Runs one event at a time and notes its name. */
    private ExecutorBuilder<Task> oneByOne() {
        return tasks().concurrencyLimit(1).handler((task, run) -> ran.add(task.name()));
    }

    @Test
    @DisplayName("R-047 lower numbers first, negative ones too; any ordinary number before all events without one")
    void forward_priorities_lowFirst() throws InterruptedException {
        Executor<Task> tasks = oneByOne().build();
        tasks.append(new Task("default"));
        tasks.append(new Task("9999"), Append.priority(9999));
        tasks.append(new Task("-5"), Append.priority(-5));
        tasks.append(new Task("0.5"), Append.priority(0.5));
        tasks.append(new Task("later default"));
        tasks.start();

        tasks.forward();

        assertThat(ran).containsExactly("-5", "0.5", "9999", "default", "later default");
    }

    @Test
    @DisplayName("R-046 the default priority is the creation time in epoch seconds, by the database's clock")
    void append_noPriority_isCreationTime() {
        Executor<Task> tasks = tasks().build();
        UUID id = tasks.append(new Task("x"));

        assertThat(database.text(
                        "select abs(priority - extract(epoch from created_at)) < 1 from event where id = ?", id))
                .isEqualTo("true");
        assertThat(event(tasks, id).priority()).isBetween(1.7e9, 4e9);
    }

    @Test
    @DisplayName("R-048 equal priorities run in order of append (list I.19)")
    void forward_equalPriorities_fifo() throws InterruptedException {
        Executor<Task> tasks = oneByOne().build();
        List<String> names = IntStream.range(0, 40).mapToObj(Integer::toString).toList();
        names.forEach(name -> tasks.append(
                new Task(name), Append.priority(7).withId(UUID.randomUUID()))); // ids say nothing of the order
        tasks.start();

        tasks.forward();

        assertThat(ran).isEqualTo(names);
    }

    @Test
    @DisplayName("R-048 a bulk append keeps its own order")
    void forward_bulk_fifo() throws InterruptedException {
        Executor<Task> tasks = oneByOne().queueCapacity(2_500).build();
        append(tasks, 2_100); // more than one statement
        tasks.start();

        tasks.forward();

        assertThat(ran)
                .containsExactlyElementsOf(
                        IntStream.range(0, 2_100).mapToObj(Integer::toString).toList());
    }

    @Test
    @DisplayName("R-075 priorities given before start are kept (list I.2)")
    void append_beforeStart_keepsPriority() throws InterruptedException {
        Executor<Task> before = tasks(another()).build();
        before.append(new Task("low"), Append.priority(10));
        before.append(new Task("high"), Append.priority(1));
        before.append(new Task("medium"), Append.priority(5));
        Executor<Task> tasks = oneByOne().build();
        tasks.start();

        tasks.forward();

        assertThat(ran).containsExactly("high", "medium", "low");
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    @DisplayName(
            "R-046 a priority that is not finite is refused before start as well, and nothing is stored (list I.3)")
    void append_badPriority_isRefused(double priority) {
        Executor<Task> tasks = tasks().build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> tasks.append(new Task("x"), Append.priority(priority)))
                .withMessage("Priority must be finite and not NaN, got " + priority);
        assertThat(counts(tasks)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.MAX_VALUE, -Double.MAX_VALUE, Double.MIN_VALUE, -0.0})
    @DisplayName("R-047 the outermost priorities are kept exactly")
    void append_extremePriority_isKept(double priority) {
        Executor<Task> tasks = tasks().build();
        UUID id = tasks.append(new Task("x"), Append.priority(priority));

        assertThat(event(tasks, id).priority()).isEqualTo(priority);
        assertThat(tasks.events(EventStatus.PENDING, null, 1).events()).hasSize(1);
    }

    @Test
    @DisplayName("R-046 exactly max_queue_size fit; the next is refused with the size, and nothing is stored (R-076)")
    void append_full_isRefused() {
        Executor<Task> tasks = tasks().maxQueueSize(5).build();
        append(tasks, 5);

        assertThatThrownBy(() -> tasks.append(new Task("x")))
                .isInstanceOfSatisfying(QueueFullException.class, e -> {
                    assertThat(e.retryable()).isTrue();
                    assertThat(e.details()).isEqualTo(Map.of("queue_size", 5L, "max_size", 5));
                })
                .hasMessage("Queue size (5) exceeds max (5)");
        assertThat(database.longValue("select count(*) from event")).isEqualTo(5);
    }

    @Test
    @DisplayName("R-046 a bulk append that does not fit is refused as a whole")
    void appendAll_tooMany_storesNothing() {
        Executor<Task> tasks = tasks().maxQueueSize(5).build();
        append(tasks, 3);

        assertThatThrownBy(() -> append(tasks, 3)).isInstanceOf(QueueFullException.class);
        append(tasks, 2);
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 5L));
    }

    @Test
    @DisplayName("R-051 only pending events count: what runs or is over leaves room, and what is denied may come back")
    void append_afterSomeRan_hasRoom() throws InterruptedException {
        Executor<Task> tasks = oneByOne().maxQueueSize(2).build();
        append(tasks, 2);
        tasks.start();
        tasks.forward();

        append(tasks, 2);

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 2L, EventStatus.PENDING, 2L));
    }

    @Test
    @DisplayName("R-046 the bound is the flow's: it holds for an executor that was built before it was set")
    void append_boundSetElsewhere_holds() {
        Executor<Task> before = tasks().build();
        Executor<Task> bounded = tasks(another()).maxQueueSize(3).build();
        append(bounded, 3);

        assertThatThrownBy(() -> append(before, 1)).isInstanceOf(QueueFullException.class);
        assertThatThrownBy(() -> inTransaction("read committed", before)).isInstanceOf(QueueFullException.class);
        assertThat(counts(before)).isEqualTo(Map.of(EventStatus.PENDING, 3L));
    }

    /** Says the level within the transaction: {@code setTransactionIsolation} sets the session's, which may be others' next. */
    private void inTransaction(String isolation, Executor<Task> executor) throws SQLException {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("set transaction isolation level " + isolation);
            executor.append(connection, new Task("x"));
            connection.commit();
        }
    }

    @Test
    @DisplayName(
            "R-046 max_queue_size is exact between racing appenders, on two Millraces and in their callers' transactions")
    void append_racing_isExact() throws Exception {
        int appenders = 12;
        List<Executor<Task>> executors =
                List.of(tasks().maxQueueSize(7).build(), tasks(another()).build());
        for (int round = 0; round < 5; round++) {
            executors
                    .getFirst()
                    .pendingEvents()
                    .forEach(event -> executors.getFirst().skip(event.id(), "next round"));
            CyclicBarrier together = new CyclicBarrier(appenders);
            List<Future<Boolean>> appended = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(appenders)) {
                for (int i = 0; i < appenders; i++) {
                    int number = i;
                    appended.add(threads.submit(() -> {
                        together.await();
                        return appendSomehow(executors.get(number % 2), number % 4 < 2);
                    }));
                }
            }
            long stored = 0;
            for (Future<Boolean> one : appended) {
                stored += one.get() ? 1 : 0;
            }

            assertThat(stored).isEqualTo(7);
            assertThat(count(executors.getFirst(), EventStatus.PENDING)).isEqualTo(7);
        }
    }

    /** By the library's own connection, or in a transaction of the caller's. */
    private boolean appendSomehow(Executor<Task> executor, boolean callersTransaction) throws SQLException {
        try {
            if (callersTransaction) {
                inTransaction("read committed", executor);
            } else {
                executor.append(new Task("x"));
            }
            return true;
        } catch (QueueFullException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"repeatable read", "serializable"})
    @DisplayName("R-046 a transaction that cannot see what others append is refused on a bounded flow, and only there")
    void append_boundedInRepeatableRead_isRefused(String isolation) throws SQLException {
        Executor<Task> bounded = tasks().maxQueueSize(3).build();
        Executor<Task> free = millrace().executor("free", Task.class).build();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> inTransaction(isolation, bounded))
                .withMessageContaining("append in one that is READ COMMITTED");
        inTransaction(isolation, free);

        assertThat(counts(bounded)).isEmpty();
        assertThat(counts(free)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
    }

    @Test
    @DisplayName(
            "R-046 an append that took the last place and whose COMMIT went unanswered is not refused for want of room")
    void append_lastPlaceUnanswered_isAppended() {
        FaultyDataSource faulty = new FaultyDataSource(database.dataSource());
        Executor<Task> tasks =
                tasks(opened(Millrace.connect(faulty))).maxQueueSize(2).build();
        append(tasks, 1);
        faulty.set("append_one", Moment.AFTER_COMMIT, 1, Fault.cut());

        UUID id = tasks.append(new Task("last"));

        assertThat(faulty.allStruck()).isTrue();
        assertThat(tasks.contains(id)).isTrue();
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 2L));
    }

    @Test
    @DisplayName(
            "R-049 an id stands in the queue once: appending it again is refused while it waits, runs, and when it is over")
    void append_sameId_isRefusedInAnyStatus() throws InterruptedException {
        Executor<Task> tasks = oneByOne().build();
        Event<Task> event = tasks.newEvent(new Task("x"), Append.defaults());
        tasks.append(event);

        assertThatThrownBy(() -> tasks.append(event))
                .isInstanceOf(ExistsException.class)
                .hasMessageContaining("event " + event.id() + " already exists");
        tasks.start();
        tasks.forward();
        assertThatThrownBy(() -> tasks.append(event)).isInstanceOf(ExistsException.class);

        assertThat(ran).containsExactly("x");
        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.COMPLETED, 1L));
    }

    @Test
    @DisplayName("R-076 a bulk append with one id that exists stores none of it")
    void appendEvents_oneExists_storesNone() {
        Executor<Task> tasks = tasks().build();
        Event<Task> event = tasks.newEvent(new Task("x"), Append.defaults());
        tasks.append(event);
        List<Event<Task>> more = List.of(tasks.newEvent(new Task("y"), Append.defaults()), event);

        assertThatThrownBy(() -> tasks.appendEvents(more)).isInstanceOf(ExistsException.class);

        assertThat(counts(tasks)).isEqualTo(Map.of(EventStatus.PENDING, 1L));
        assertThat(tasks.appendAbsent(more)).containsExactly(more.getFirst().id());
    }
}
