package dev.millrace;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A database, emptied before each test, and Millraces on it that are closed after it, the newest first. */
@PostgresTest
abstract class WithMillrace {
    /** Longer than anything should take on a machine that is busy with other things; a test that waits so long fails. */
    static final Duration LONG = Duration.ofSeconds(60);

    final TestDatabase database;
    private final List<Millrace> opened = new ArrayList<>();
    private @Nullable Millrace first;

    WithMillrace(TestDatabase database) {
        this.database = database;
    }

    /** A payload that says nothing but its name. */
    record Task(String name) {}

    @BeforeEach
    final void connect() {
        database.truncateAll();
        first = another();
    }

    @AfterEach
    final void closeAll() {
        opened.reversed().forEach(Millrace::close); // closing twice is allowed
        opened.clear();
    }

    /** The Millrace that every test has. */
    final Millrace millrace() {
        return requireNonNull(first);
    }

    /** One more Millrace on the same database, with a pool of its own: as another process would have. */
    final Millrace another() {
        return opened(Millrace.connect(database.newPool(6)));
    }

    /** One more Millrace on the same database, that goes by that clock. */
    final Millrace by(InstantSource clock) {
        return opened(
                Millrace.builder().dataSource(database.newPool(6)).clock(clock).connect());
    }

    /** A worker of its own, as another process would be, that hears notifications or does not. */
    final Millrace worker(boolean listens) {
        return opened(Millrace.builder()
                .dataSource(database.newPool(6))
                .listen(listens)
                .connect());
    }

    /** Waits for up to a minute until that is so. */
    static void awaitUntil(BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        for (int round = 0; !condition.getAsBoolean(); round++) {
            assertThat(round).isLessThan(1_200);
            assertThat(never.await(50, TimeUnit.MILLISECONDS)).isFalse();
        }
    }

    /** Has a Millrace closed after the test. */
    final Millrace opened(Millrace millrace) {
        opened.add(millrace);
        return millrace;
    }

    /** Starts to build an executor of tasks in the flow "tasks". */
    final ExecutorBuilder<Task> tasks() {
        return tasks(millrace());
    }

    static ExecutorBuilder<Task> tasks(Millrace millrace) {
        return millrace.executor("tasks", Task.class);
    }

    /** Appends so many tasks, named by their number from 0. */
    static List<UUID> append(Executor<Task> executor, int number) {
        List<Task> tasks = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            tasks.add(new Task(Integer.toString(i)));
        }
        return executor.appendAll(tasks);
    }

    /** The names of the tasks in a status, in the order of its progression. */
    static List<String> names(Executor<Task> executor, EventStatus status) {
        return StreamSupport.stream(executor.events(status).spliterator(), false)
                .map(event -> event.payload().name())
                .toList();
    }

    /** How many events are in a status. */
    static long count(Executor<?> executor, EventStatus status) {
        return requireNonNull(executor.statusCounts().get(status));
    }

    /** The counts that are not zero. */
    static Map<EventStatus, Long> counts(Executor<?> executor) {
        Map<EventStatus, Long> counts = executor.statusCounts();
        counts.values().removeIf(count -> count == 0);
        return counts;
    }

    /** The event as it is now; it must be there. */
    static <T> Event<T> event(Executor<T> executor, UUID id) {
        return executor.event(id).orElseThrow();
    }

    /** The event once it has ended. */
    static <T> Event<T> ended(Executor<T> executor, UUID id) throws InterruptedException {
        return executor.await(id, LONG).orElseThrow(() -> new AssertionError(id + " has not ended within " + LONG));
    }

    /** The name of the error stored with an ended event. */
    static String errorName(Event<?> event) {
        return requireNonNull(event.execution().error()).path("error").asText();
    }

    /** The message of the error stored with an ended event. */
    static String errorMessage(Event<?> event) {
        return requireNonNull(event.execution().error()).path("message").asText();
    }

    /** Why the attempts at an event that did not settle it ended, in their order. */
    final List<String> attempts(UUID id) {
        return database.list(String.class, "select reason from attempt where event = ? order by attempt", id);
    }
}
