package dev.millrace.store;

import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Returned;
import java.sql.Connection;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Ends claims, many in one statement, each fenced by (id, worker, attempt). Every method answers with the ids it really
 * ended; the rest were lost to somebody else, or ended before by a try whose acknowledgement was lost: see
 * {@link #endedBefore}. Thread-safe.
 */
public final class Settlements {
    private final Database database;

    /** The settlements of that database. */
    public Settlements(Database database) {
        this.database = database;
    }

    /** Settles events for good, in the order given. */
    public Set<UUID> end(List<Ended> answers) {
        return database.onceOnly(handle -> end(handle, answers));
    }

    /** As the other one, in a transaction of the caller's that must then commit within that time. */
    Set<UUID> end(Connection connection, List<Ended> answers, Duration commitWithin) {
        return database.within(connection, handle -> {
            String unused = handle.createQuery(database.sql("commit_soon"))
                    .bind("milliseconds", Long.toString(commitWithin.toMillis()))
                    .mapTo(String.class)
                    .one();
            return end(handle, answers);
        });
    }

    private Set<UUID> end(Handle handle, List<Ended> answers) {
        return new HashSet<>(handle.createQuery(database.sql("settle"))
                .bind("ids", Binds.uuids(answers, Ended::id))
                .bind("workers", Binds.uuids(answers, answer -> answer.hold().worker()))
                .bind(
                        "attempts",
                        Binds.integers(answers, answer -> answer.hold().attempt()))
                .bind(
                        "statuses",
                        Binds.smallints(answers, answer -> answer.status().ordinal()))
                .bind("durations", Binds.doubles(answers, answer -> seconds(answer.duration())))
                .bind("responses", Binds.texts(answers, Ended::response))
                .bind("errors", Binds.texts(answers, Ended::error))
                .bind("retryable", Binds.booleans(answers, Ended::retryable))
                .mapTo(UUID.class)
                .list());
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
        return new HashSet<>(database.onceOnly(handle -> handle.createQuery(database.sql("give_back"))
                .bind("ids", Binds.uuids(answers, Returned::id))
                .bind("workers", Binds.uuids(answers, answer -> answer.hold().worker()))
                .bind(
                        "attempts",
                        Binds.integers(answers, answer -> answer.hold().attempt()))
                .bind(
                        "priorities",
                        Binds.doubles(answers, answer -> answer.standing().priority()))
                .bind(
                        "failures",
                        Binds.integers(answers, answer -> answer.standing().failures()))
                .bind(
                        "denials",
                        Binds.integers(answers, answer -> answer.standing().denials()))
                .bind(
                        "deaths",
                        Binds.integers(answers, answer -> answer.standing().deaths()))
                .bind("delays", Binds.doubles(answers, answer -> seconds(answer.delay())))
                .bind("reasons", Binds.texts(answers, answer -> answer.reason().wireName()))
                .bind("errors", Binds.texts(answers, Returned::error))
                .bind("durations", Binds.doubles(answers, answer -> seconds(answer.duration())))
                .mapTo(UUID.class)
                .list()));
    }

    /** Which of these claims their own worker ended already. */
    public Set<UUID> endedBefore(List<? extends Settlement> answers) {
        return new HashSet<>(database.onceOnly(handle -> handle.createQuery(database.sql("settled_by"))
                .bind("ids", Binds.uuids(answers, Settlement::id))
                .bind("workers", Binds.uuids(answers, answer -> answer.hold().worker()))
                .bind(
                        "attempts",
                        Binds.integers(answers, answer -> answer.hold().attempt()))
                .mapTo(UUID.class)
                .list()));
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
        return new HashSet<>(database.onceOnly(handle -> handle.createQuery(database.sql("add_chunks"))
                .bind("ids", Binds.uuids(chunks, ChunkRow::id))
                .bind("workers", Binds.uuids(chunks, chunk -> chunk.hold().worker()))
                .bind("attempts", Binds.integers(chunks, chunk -> chunk.hold().attempt()))
                .bind("indexes", Binds.integers(chunks, ChunkRow::index))
                .bind("chunk_values", Binds.texts(chunks, ChunkRow::value))
                .mapTo(UUID.class)
                .list()));
    }

    /** Ends one pending event without running it; false if it was not pending. */
    public boolean endPending(int flow, UUID id, dev.millrace.event.EventStatus status, String error) {
        Optional<UUID> ended = database.once(handle -> handle.createQuery(database.sql("end_pending"))
                .bind("flow", flow)
                .bind("id", id)
                .bind("status", status.ordinal())
                .bind("error", error)
                .mapTo(UUID.class)
                .findOne());
        return ended.isPresent();
    }

    static @Nullable Double seconds(@Nullable Duration duration) {
        return duration == null ? null : duration.getSeconds() + duration.getNano() / 1e9;
    }
}
