package dev.millrace;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.OnConflict;
import dev.millrace.event.UniqueScope;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Claim;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import dev.millrace.store.Settlement.Standing;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;

/** An executor of tasks, every way of appending to it, and a worker's hand that moves single events on. */
abstract class WithUniqueKeys extends WithMillrace {
    static final Duration HOUR = Duration.ofHours(1);

    private final UUID worker = UUID.randomUUID();
    Executor<Task> tasks;

    WithUniqueKeys(TestDatabase database) {
        super(database);
    }

    @BeforeEach
    void build() {
        tasks = tasks().build();
    }

    /** The ways of appending one event; each answers with an id. */
    enum Way {
        SINGLE,
        EVENT,
        IN_TRANSACTION,
        ALL,
        ALL_IN_TRANSACTION,
        STREAM,
        EVENTS
    }

    final UUID append(Way way, Task task, Append options) throws SQLException {
        return switch (way) {
            case SINGLE -> tasks.append(task, options);
            case EVENT -> tasks.append(tasks.newEvent(task, options));
            case IN_TRANSACTION -> inTransaction(connection -> tasks.append(connection, task, options));
            case ALL -> tasks.appendAll(List.of(task), any -> options).getFirst();
            case ALL_IN_TRANSACTION ->
                inTransaction(connection -> tasks.appendAll(connection, List.of(task), any -> options)
                        .getFirst());
            case STREAM -> {
                long unused = tasks.appendAll(Stream.of(task), any -> options, stored -> {});
                yield UUID.fromString(Objects.requireNonNull(
                        database.text("select event from unique_key where key = ?", key(options))));
            }
            case EVENTS ->
                tasks.appendEvents(List.of(tasks.newEvent(task, options))).getFirst();
        };
    }

    static String key(Append options) {
        return Objects.requireNonNull(options.terms().unique()).key();
    }

    interface Work<R> {
        R on(Connection connection) throws SQLException;
    }

    final <R> R inTransaction(Work<R> work) throws SQLException {
        try (Connection connection = database.connect()) {
            connection.setAutoCommit(false);
            R result = work.on(connection);
            connection.commit();
            return result;
        }
    }

    static Append unique(String key, UniqueScope scope, OnConflict conflict) {
        return Append.uniqueKey(key, scope).onConflict(conflict);
    }

    /** Claims an event as a worker would. */
    final Claim claim(UUID id) {
        List<Integer> lanes = database.list(Integer.class, "select id from lane");
        return millrace()
                .store()
                .claims()
                .claimOne(worker, tasks.flow().id(), lanes, id, true)
                .orElseThrow(() -> new AssertionError(id + " is not pending"));
    }

    final void complete(Claim claim) {
        List<UUID> ended = millrace()
                .store()
                .settlements()
                .end(List.of(
                        new Ended(claim.hold(), EventStatus.COMPLETED, Duration.ofMillis(1), "null", "null", false)))
                .stream()
                .toList();
        if (ended.size() != 1) {
            throw new AssertionError("not settled: " + claim.event().id());
        }
    }

    /** Returns a claim to pending, after a delay if it is not zero. */
    final void giveBack(Claim claim, Duration delay) {
        boolean unused = millrace()
                .store()
                .settlements()
                .giveBack(List.of(new Returned(
                        claim.hold(), new Standing(0, 1, 0, 0), delay, Reason.RETRY, "{}", Duration.ofMillis(1))))
                .isEmpty();
    }

    /** Who is named as the holder of a key. */
    final UUID holder(String key) {
        return UUID.fromString(
                Objects.requireNonNull(database.text("select event from unique_key where key = ?", key)));
    }

    final long stored() {
        return database.longValue("select count(*) from event");
    }

    final EventStatus status(UUID id) {
        Event<Task> event = event(tasks, id);
        return event.status();
    }
}
