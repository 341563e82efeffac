package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.event.AppendUnknownException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.QueueFullException;
import dev.millrace.postgres.FaultProxy;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.work.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The connection is cut before the server hears of a statement, or after it has committed and before anybody hears of that. */
@PostgresTest
class LostAnswerTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int CUTS = 100;

    private final TestDatabase database;
    private final AtomicInteger runs = new AtomicInteger();
    private FaultProxy proxy;
    private Millrace millrace;

    LostAnswerTest(TestDatabase database) {
        this.database = database;
    }

    record Task(int number) {}

    @BeforeEach
    void connect() throws IOException {
        database.truncateAll();
        proxy = new FaultProxy(database);
        millrace = connect(Duration.ofSeconds(30));
    }

    @AfterEach
    void close() throws IOException {
        millrace.close();
        proxy.close();
    }

    private Millrace connect(Duration patience) {
        return Millrace.builder()
                .jdbcUrl(proxy.url(database))
                .patience(patience)
                .shutdownGrace(Duration.ofSeconds(2))
                .connect();
    }

    private Executor<Task> tasks(Millrace millrace) {
        return millrace.executor("tasks", Task.class)
                .pollInterval(Duration.ofMillis(20))
                .retry(RetryPolicy.fixed(Duration.ofMillis(1), 2))
                .handler((task, run) -> {
                    runs.incrementAndGet();
                    if (task.number() < 0 && run.attempt() == 1) {
                        throw new IllegalStateException("the first time");
                    }
                    return task.number();
                })
                .build();
    }

    @Test
    void append_withItsAnswerCutAHundredTimes_storesAHundredEvents() {
        Executor<Task> tasks = tasks(millrace);
        Set<UUID> ids = new HashSet<>();
        for (int i = 0; i < CUTS; i++) {
            proxy.cutAnswer("append_one", 1);
            ids.add(tasks.append(new Task(i)));
        }

        assertThat(proxy.cuts()).isEqualTo(CUTS);
        assertThat(stored()).as("events stored, of those told").isEqualTo(ids).hasSize(CUTS);
        assertThat(tasks.statusCounts()).containsEntry(EventStatus.PENDING, (long) CUTS);
    }

    @Test
    void append_cutBeforeTheServerHearsOfItAHundredTimes_storesAHundredEvents() {
        Executor<Task> tasks = tasks(millrace);
        Set<UUID> ids = new HashSet<>();
        for (int i = 0; i < CUTS; i++) {
            proxy.cutBefore("append_one", 1);
            ids.add(tasks.append(new Task(i)));
        }

        assertThat(proxy.cuts()).isEqualTo(CUTS);
        assertThat(stored()).isEqualTo(ids).hasSize(CUTS);
    }

    @Test
    void appendAll_cutAroundItsCommit_storesEachEventOnce() {
        Executor<Task> tasks = tasks(millrace);
        Set<UUID> ids = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            proxy.cutAnswer("COMMIT", 1);
            ids.addAll(tasks.appendAll(Collections.nCopies(1_001, new Task(i)))); // two statements, one transaction
            proxy.cutBefore("COMMIT", 1);
            ids.addAll(tasks.appendAll(Collections.nCopies(1_001, new Task(i))));
        }

        assertThat(proxy.cuts()).isEqualTo(20);
        assertThat(stored()).isEqualTo(ids).hasSize(20 * 1_001);
    }

    @Test
    void append_toABoundedFlowWithItsAnswerCut_fillsItToTheBrimAndNoMore() {
        Executor<Task> bounded =
                millrace.executor("tasks", Task.class).maxQueueSize(20).build();
        for (int i = 0; i < 20; i++) {
            proxy.cutAnswer("COMMIT", 1);
            bounded.append(new Task(i));
        }

        assertThat(proxy.cuts()).isEqualTo(20);
        assertThat(stored()).hasSize(20);
        assertThatThrownBy(() -> bounded.append(new Task(20))).isInstanceOf(QueueFullException.class);
    }

    @Test
    void appendAbsent_withItsAnswerCut_storesEachEventOnce() {
        Executor<Task> tasks = tasks(millrace);
        for (int i = 0; i < 20; i++) {
            Event<Task> event = tasks.newEvent(new Task(i), Append.defaults());
            proxy.cutAnswer(i % 2 == 0 ? "append_one" : "same_events", 1);
            assertThat(tasks.appendAbsent(List.of(event))).containsExactly(event.id());
            assertThat(tasks.appendAbsent(List.of(event))).isEmpty();
        }

        assertThat(stored()).hasSize(20);
    }

    @Test
    void append_whoseFateStaysUnknown_saysSoWithTheIdsAndMayBeRepeatedUnderThem() {
        try (Millrace impatient = connect(Duration.ZERO)) {
            Executor<Task> tasks = tasks(impatient);
            proxy.cutAnswer("append_one", 1);
            AppendUnknownException unknown = unknownAppend(tasks, new Task(1));
            UUID id = unknown.ids().getFirst();
            assertThat(unknown)
                    .hasMessageContaining(id.toString())
                    .hasMessageContaining("not known")
                    .hasMessageContaining("appendAbsent");
            assertThat(unknown.details()).containsEntry("ids", List.of(id.toString()));
            assertThat(unknown.retryable()).isTrue();

            // It was committed: to say it again under its id is harmless, or refused, as the caller likes.
            Append sameId = Append.defaults().withId(id);
            assertThat(tasks.appendAbsent(List.of(tasks.newEvent(new Task(1), sameId))))
                    .isEmpty();
            assertThatThrownBy(() -> tasks.append(new Task(1), sameId)).isInstanceOf(ExistsException.class);

            proxy.cutBefore("append_one", 1);
            UUID lost = unknownAppend(tasks, new Task(2)).ids().getFirst();
            assertThat(tasks.appendAbsent(List.of(
                            tasks.newEvent(new Task(2), Append.defaults().withId(lost)))))
                    .containsExactly(lost);

            assertThat(stored()).containsExactlyInAnyOrder(id, lost);
        }
    }

    private static AppendUnknownException unknownAppend(Executor<Task> tasks, Task task) {
        List<AppendUnknownException> thrown = new ArrayList<>();
        assertThatExceptionOfType(AppendUnknownException.class)
                .isThrownBy(() -> tasks.append(task))
                .satisfies(thrown::add);
        return thrown.getFirst();
    }

    @Test
    void append_thatNeverReachedTheDatabase_isNotUnknown() throws IOException {
        try (Millrace impatient = connect(Duration.ZERO)) {
            Executor<Task> tasks = tasks(impatient);
            proxy.close();
            database.killConnections();

            // Connections that are dead already leave it unknown; once the pool has none, nothing can have been sent.
            for (boolean known = false; !known; ) {
                try {
                    tasks.append(new Task(1));
                } catch (ConnectionException e) {
                    known = !(e instanceof AppendUnknownException);
                }
            }
            assertThatThrownBy(() -> tasks.append(new Task(99)))
                    .isExactlyInstanceOf(ConnectionException.class)
                    .hasMessageContaining("nothing was stored");
        }
        assertThat(stored()).isEmpty();
    }

    @Test
    void appendAbsent_ofTheSameEventsByFourAtOnce_storesThemOnce() throws Exception {
        List<Event<Task>> events = IntStream.range(0, 200)
                .mapToObj(i -> tasks(millrace).newEvent(new Task(i), Append.defaults()))
                .toList();
        List<Event<Task>> backwards = events.reversed();
        CyclicBarrier start = new CyclicBarrier(4);
        List<UUID> appended = Collections.synchronizedList(new ArrayList<>());
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                boolean even = i % 2 == 0;
                Executor<Task> tasks = tasks(millrace);
                all.add(threads.submit(() -> {
                    for (int from = 0; from < 200; from += 20) {
                        start.await();
                        appended.addAll(tasks.appendAbsent((even ? events : backwards).subList(from, from + 20)));
                    }
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }

        assertThat(stored()).hasSize(200);
        assertThat(appended).hasSize(200).doesNotHaveDuplicates();
    }

    @Test
    void settle_withItsAnswerCut_isReadBackAndNotStale() throws InterruptedException {
        Executor<Task> tasks = tasks(millrace);
        tasks.execute();
        for (int i = 1; i <= 20; i++) {
            proxy.cutAnswer("settle", 1);
            UUID id = tasks.append(new Task(i));
            Event<Task> event = tasks.await(id, LONG).orElseThrow();
            assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(event.execution().attempt()).isEqualTo(1);
            database.await("select count(*) = 0 from running");
        }

        assertThat(tasks.join(LONG)).isTrue();
        assertThat(proxy.cuts()).isEqualTo(20);
        assertThat(runs).hasValue(20);
        assertThat(millrace.lateResults()).as("answers taken for late").isZero();
        assertThat(database.longValue("select count(*) from attempt")).isZero();
    }

    @Test
    void settle_cutBeforeTheServerHearsOfIt_isDoneAgain() throws InterruptedException {
        Executor<Task> tasks = tasks(millrace);
        tasks.execute();
        proxy.cutBefore("settle", 10);
        List<UUID> ids =
                tasks.appendAll(IntStream.range(0, 50).mapToObj(Task::new).toList());
        for (UUID id : ids) {
            assertThat(tasks.await(id, LONG).orElseThrow().status()).isEqualTo(EventStatus.COMPLETED);
        }

        assertThat(runs).hasValue(50);
        assertThat(millrace.lateResults()).isZero();
    }

    @Test
    void returnToPending_withItsAnswerCut_happensOnce() throws InterruptedException {
        Executor<Task> tasks = tasks(millrace);
        tasks.execute();
        for (int i = 1; i <= 10; i++) {
            proxy.cutAnswer("give_back", 1);
            UUID id = tasks.append(new Task(-i));
            Event<Task> event = tasks.await(id, LONG).orElseThrow();
            assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(event.execution().attempt()).isEqualTo(2);
        }

        assertThat(proxy.cuts()).isEqualTo(10);
        assertThat(runs).hasValue(20);
        assertThat(millrace.lateResults()).isZero();
        assertThat(database.list(String.class, "select distinct reason from attempt"))
                .containsExactly("retry");
    }

    @Test
    void claim_withItsAnswerCut_comesBackLongBeforeTheLeaseEndsAndNoDeathIsCharged() throws InterruptedException {
        Executor<Task> tasks = tasks(millrace);
        tasks.execute();
        UUID worker = millrace.workerId();
        long begin = System.nanoTime();
        for (int i = 1; i <= 5; i++) {
            proxy.cutAnswer("claim", 1);
            UUID id = tasks.append(new Task(i));
            Event<Task> event = tasks.await(id, LONG).orElseThrow();
            assertThat(event.status()).isEqualTo(EventStatus.COMPLETED);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - begin);

        System.out.printf("LostAnswerTest: five claims came back in %d ms%n", took.toMillis());
        assertThat(runs).hasValue(5);
        assertThat(millrace.workerId()).isEqualTo(worker);
        assertThat(database.longValue("select count(*) from attempt where reason = 'lost'"))
                .isZero();
        assertThat(database.longValue("select count(*) from ready where deaths > 0 or lane < 0"))
                .isZero();
    }

    @Test
    void forward_whoseClaimIsCut_leavesTheEventsToTheNext() throws InterruptedException {
        Executor<Task> tasks = tasks(millrace);
        tasks.start();
        UUID id = tasks.append(new Task(1));
        proxy.cutAnswer("claim", 1);
        assertThatThrownBy(tasks::forward).isInstanceOf(ConnectionException.class);

        assertThat(tasks.forward()).isEqualTo(1);

        assertThat(tasks.event(id).orElseThrow().status()).isEqualTo(EventStatus.COMPLETED);
        assertThat(runs).hasValue(1);
    }

    private Set<UUID> stored() {
        return new HashSet<>(database.list(UUID.class, "select id from event"));
    }
}
