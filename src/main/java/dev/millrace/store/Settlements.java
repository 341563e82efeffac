package dev.millrace.store;

import static java.util.Map.entry;

import dev.millrace.event.EventStatus;
import dev.millrace.store.Routine.Column;
import dev.millrace.store.Routine.Maybe;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Returned;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Ends claims, many in one statement, each fenced by (id, worker, attempt). Every method answers with the ids it really
 * ended; the rest were lost to somebody else, or ended before by a try whose acknowledgement was lost: see
 * {@link #endedBefore}. Thread-safe.
 */
public final class Settlements {
    private final Database database;
    private final Timekeeper time;

    /** The settlements of that database; what goes back is due by that clock. */
    public Settlements(Database database, Timekeeper time) {
        this.database = database;
        this.time = time;
    }

    /** Settles events for good, in the order given. */
    public Set<UUID> end(List<Ended> answers) {
        return database.hot("settle", columns(answers), Settlements::ids);
    }

    /** As the other one, in a transaction of the caller's that must then commit within that time. */
    Set<UUID> end(Connection connection, List<Ended> answers, Duration commitWithin) {
        String unused = database.within(
                connection,
                handle -> handle.createQuery(database.sql("commit_soon"))
                        .bind("milliseconds", Long.toString(commitWithin.toMillis()))
                        .mapTo(String.class)
                        .one());
        return database.hotWithin(connection, "settle", columns(answers), Settlements::ids);
    }

    private static Map<String, Column> columns(List<Ended> answers) {
        return Map.of(
                "ids", Columns.uuids(answers, Ended::id),
                "workers", Columns.uuids(answers, answer -> answer.hold().worker()),
                "attempts", Columns.integers(answers, answer -> answer.hold().attempt()),
                "statuses", Columns.smallints(answers, answer -> answer.status().ordinal()),
                "durations", Columns.doubles(answers, answer -> seconds(answer.duration())),
                "responses", Columns.texts(answers, Ended::response),
                "errors", Columns.texts(answers, Ended::error),
                "retryable", Columns.booleans(answers, Ended::retryable));
    }

    private static Set<UUID> ids(ResultSet rows) throws SQLException {
        Set<UUID> ids = new HashSet<>();
        while (rows.next()) {
            ids.add(rows.getObject(1, UUID.class));
        }
        return ids;
    }

    /** Whether a claim is still its worker's, once nobody is ending it any more. */
    boolean isHeld(Hold hold) {
        return database.once(handle -> handle.createQuery(database.sql("held"))
                .bind("id", hold.id())
                .bind("worker", hold.worker())
                .bind("attempt", hold.attempt())
                .mapTo(UUID.class)
                .findOne()
                .isPresent());
    }

    /** Returns events to pending. */
    public Set<UUID> giveBack(List<Returned> answers) {
        return database.hot(
                "give_back",
                Map.ofEntries(
                        entry("ids", Columns.uuids(answers, Returned::id)),
                        entry(
                                "workers",
                                Columns.uuids(answers, answer -> answer.hold().worker())),
                        entry(
                                "attempts",
                                Columns.integers(
                                        answers, answer -> answer.hold().attempt())),
                        entry(
                                "priorities",
                                Columns.doubles(
                                        answers, answer -> answer.standing().priority())),
                        entry(
                                "failures",
                                Columns.integers(
                                        answers, answer -> answer.standing().failures())),
                        entry(
                                "denials",
                                Columns.integers(
                                        answers, answer -> answer.standing().denials())),
                        entry(
                                "deaths",
                                Columns.integers(
                                        answers, answer -> answer.standing().deaths())),
                        entry("delays", Columns.doubles(answers, answer -> seconds(answer.delay()))),
                        entry(
                                "reasons",
                                Columns.texts(answers, answer -> answer.reason().wireName())),
                        entry("errors", Columns.texts(answers, Returned::error)),
                        entry("durations", Columns.doubles(answers, answer -> seconds(answer.duration()))),
                        entry("now", new Maybe(time.moment(), Types.VARCHAR))),
                Settlements::ids);
    }

    /** Which of these claims their own worker ended already. */
    public Set<UUID> endedBefore(List<? extends Settlement> answers) {
        return new HashSet<>(database.onceOnly(handle -> handle.createQuery(database.sql("settled_by"))
                .bind("ids", Binds.uuids(answers, Settlement::id))
                .bind("workers", Binds.uuids(answers, answer -> answer.hold().worker()))
                .bind(
                        "attempts",
                        Binds.integers(answers, answer -> answer.hold().attempt()))
                .bind("statuses", Binds.smallints(answers, Settlements::status))
                .mapTo(UUID.class)
                .list()));
    }

    private static int status(Settlement answer) {
        return switch (answer) {
            case Ended end -> end.status().ordinal();
            case Returned back -> EventStatus.PENDING.ordinal();
        };
    }

    /** Notes at lost attempts what their worker answered afterwards; says for which events there was one. */
    public Set<UUID> noteLate(List<LateAnswer> answers) {
        return new HashSet<>(database.onceOnly(handle -> handle.createQuery(database.sql("late"))
                .bind("ids", Binds.uuids(answers, answer -> answer.hold().id()))
                .bind("workers", Binds.uuids(answers, answer -> answer.hold().worker()))
                .bind(
                        "attempts",
                        Binds.integers(answers, answer -> answer.hold().attempt()))
                .bind(
                        "statuses",
                        Binds.smallints(answers, answer -> answer.status().ordinal()))
                .bind("errors", Binds.texts(answers, LateAnswer::error))
                .bind("bytes", Binds.integers(answers, LateAnswer::bytes))
                .mapTo(UUID.class)
                .list()));
    }

    /** Stores chunks of claims that are still held. Storing one again changes nothing. */
    public Set<UUID> addChunks(List<ChunkRow> chunks) {
        return new HashSet<>(database.onceOnly(handle -> database.planned(handle, "add_chunks")
                .bind("ids", Binds.uuids(chunks, ChunkRow::id))
                .bind("workers", Binds.uuids(chunks, chunk -> chunk.hold().worker()))
                .bind("attempts", Binds.integers(chunks, chunk -> chunk.hold().attempt()))
                .bind("indexes", Binds.integers(chunks, ChunkRow::index))
                .bind("chunk_values", Binds.texts(chunks, ChunkRow::value))
                .mapTo(UUID.class)
                .list()));
    }

    /** Keeps how far claims that are still held are, of each what was said last; says of which events. */
    public Set<UUID> tellProgress(List<ProgressRow> said) {
        Map<Hold, ProgressRow> last = new LinkedHashMap<>();
        said.forEach(row -> last.put(row.hold(), row));
        Collection<ProgressRow> rows = last.values();
        return new HashSet<>(database.onceOnly(handle -> database.planned(handle, "tell_progress")
                .bind("ids", Binds.uuids(rows, ProgressRow::id))
                .bind("workers", Binds.uuids(rows, row -> row.hold().worker()))
                .bind("attempts", Binds.integers(rows, row -> row.hold().attempt()))
                .bind("fractions", Binds.doubles(rows, ProgressRow::fraction))
                .bind("messages", Binds.texts(rows, ProgressRow::message))
                .mapTo(UUID.class)
                .list()));
    }

    /** Ends one pending event without running it; empty if it was not pending. */
    public Optional<Moved> endPending(int flow, UUID id, EventStatus status, String error) {
        return database.once(handle -> database.planned(handle, "end_pending")
                .bind("flow", flow)
                .bind("id", id)
                .bind("status", status.ordinal())
                .bind("error", error)
                .map((row, context) -> Moved.of(row))
                .findOne());
    }

    /** Gives one pending event another priority; false if it was not found where it was. */
    public boolean reprioritize(int flow, UUID id, double priority) {
        return database.once(handle -> database.planned(handle, "reprioritize")
                .bind("flow", flow)
                .bind("id", id)
                .bind("priority", priority)
                .mapTo(UUID.class)
                .findOne()
                .isPresent());
    }

    /** Cancels one event that has not ended, and has its handler interrupted; empty if it was not found where it was. */
    public Optional<Moved> cancel(int flow, UUID id, String error) {
        return database.once(handle -> database.planned(handle, "cancel")
                .bind("flow", flow)
                .bind("id", id)
                .bind("error", error)
                .map((row, context) -> Moved.of(row))
                .findOne());
    }

    /** Which of these events have ended as cancelled. */
    public List<UUID> cancelled(List<UUID> ids) {
        return database.onceOnly(handle -> database.planned(handle, "cancelled")
                .bind("ids", Binds.uuids(ids))
                .mapTo(UUID.class)
                .list());
    }

    static @Nullable Double seconds(@Nullable Duration duration) {
        return duration == null ? null : duration.getSeconds() + duration.getNano() / 1e9;
    }
}
