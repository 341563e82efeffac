package dev.millrace;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.OnConflict;
import dev.millrace.event.Terms;
import dev.millrace.event.Unique;
import dev.millrace.event.UniqueScope;
import dev.millrace.work.Run;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What may be said of an event when it is appended. Immutable; each method answers with a changed copy.
 *
 * @param id the event's id; null for a new one
 * @param metadata the application's notes
 * @param runAt not before that time by the database's clock; null for at once
 * @param delay not before so long after it is stored, by the database's clock; null for at once. Not beside {@code runAt}
 */
public record Append(
        @Nullable UUID id,
        Terms terms,
        ObjectNode metadata,
        @Nullable Instant runAt,
        @Nullable Duration delay) {
    private static final Append DEFAULTS =
            new Append(null, Terms.DEFAULT, JsonNodeFactory.instance.objectNode(), null, null);

    /** Copies the notes, and refuses a time that not every part of the system can write down. */
    public Append {
        Objects.requireNonNull(terms, "terms");
        metadata = Objects.requireNonNull(metadata, "metadata").deepCopy();
        if (runAt != null) {
            Terms.checkInstant("runAt", runAt);
        }
        if (delay != null) {
            Terms.checkDelay(delay);
        }
        if (runAt != null && delay != null) {
            throw new IllegalArgumentException("runAt and delay exclude each other");
        }
    }

    /** Nothing special: priority by creation time, no timeout, no deadline. */
    public static Append defaults() {
        return DEFAULTS;
    }

    /** A priority: lower runs first; any ordinary number runs before all events without one. */
    public static Append priority(double priority) {
        return DEFAULTS.withPriority(priority);
    }

    /** How long the handler may run; microseconds count, ten years at most. */
    public static Append timeout(Duration timeout) {
        return DEFAULTS.withTimeout(timeout);
    }

    /** How long the event waits before it may start, from when it is stored; microseconds count, ten years at most. */
    public static Append delay(Duration delay) {
        return DEFAULTS.withDelay(delay);
    }

    /** The deadline of the event that is being handled, for what its handler appends; see {@link #withDeadlineOf}. */
    public static Append inheritDeadline(Run<?> run) {
        return DEFAULTS.withDeadlineOf(run);
    }

    /**
     * A key that at most one event of the flow has until it has settled, whichever way and from wherever it is appended. An
     * append that finds it held stores nothing, and answers with the id of the event that holds it.
     *
     * @param key 1 to 200 characters, no control characters
     */
    public static Append uniqueKey(String key) {
        return DEFAULTS.withUniqueKey(key);
    }

    /** As {@link #uniqueKey(String)}, for as long as the scope says. */
    public static Append uniqueKey(String key, UniqueScope scope) {
        return DEFAULTS.withUniqueKey(key, scope);
    }

    /**
     * How many of its workers may die, or lose their lease, while they hold the event, before it is aborted: 1 to 100. Without it,
     * as many as {@link MillraceBuilder#maxCrashes} says. For a job so long that deploys may kill its worker more often.
     */
    public static Append maxCrashes(int deaths) {
        return DEFAULTS.withMaxCrashes(deaths);
    }

    /** As {@link #priority}. */
    public Append withPriority(double priority) {
        return with(terms.withPriority(priority));
    }

    /** As {@link #timeout}. */
    public Append withTimeout(Duration timeout) {
        return with(terms.withTimeout(Objects.requireNonNull(timeout, "timeout")));
    }

    /** A time past which the event is skipped if it has not started. */
    public Append withDeadline(Instant deadline) {
        return with(terms.withDeadline(Objects.requireNonNull(deadline, "deadline")));
    }

    /**
     * At the latest the deadline of the event that is being handled: what is left to it is left to what its handler appends. None
     * if it has none.
     */
    public Append withDeadlineOf(Run<?> run) {
        Objects.requireNonNull(run, "run");
        Instant given = terms.deadline();
        Instant inherited = run.event().deadline();
        return inherited == null || (given != null && given.isBefore(inherited)) ? this : withDeadline(inherited);
    }

    /** Asks for a stream of chunks as the answer. */
    public Append streamed() {
        return with(terms.withStreaming(true));
    }

    /** As {@link #maxCrashes(int)}. */
    public Append withMaxCrashes(int deaths) {
        return with(terms.withMaxCrashes(deaths));
    }

    /** As {@link #uniqueKey(String)}. */
    public Append withUniqueKey(String key) {
        return unique(new Unique(key));
    }

    /** As {@link #uniqueKey(String, UniqueScope)}. */
    public Append withUniqueKey(String key, UniqueScope scope) {
        return unique(new Unique(key, scope, OnConflict.RETURN_EXISTING));
    }

    /**
     * What to do if another event has the unique key.
     *
     * @throws IllegalStateException if there is no unique key; it is given first
     */
    public Append onConflict(OnConflict choice) {
        Unique unique = terms.unique();
        if (unique == null) {
            throw new IllegalStateException("onConflict is about a unique key: give one first, by uniqueKey(key)");
        }
        return unique(new Unique(unique.key(), unique.scope(), Objects.requireNonNull(choice, "onConflict")));
    }

    /** A time before which the event does not start; takes the place of a delay. */
    public Append withRunAt(Instant time) {
        return new Append(id, terms, metadata, Objects.requireNonNull(time, "runAt"), null);
    }

    /** As {@link #delay(Duration)}; takes the place of a time. */
    public Append withDelay(Duration pause) {
        return new Append(id, terms, metadata, null, Objects.requireNonNull(pause, "delay"));
    }

    /** An id of the application's own; appending it a second time is refused. */
    public Append withId(UUID chosen) {
        return new Append(Objects.requireNonNull(chosen, "id"), terms, metadata, runAt, delay);
    }

    /** A note beside the payload. An append refuses the keys {@code original}, {@code root} and {@code attempt}: Millrace writes them. */
    public Append withNote(String key, String value) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(value, "value");
        return new Append(id, terms, metadata.deepCopy().put(key, value), runAt, delay);
    }

    /** All notes at once, in place of those there are; the keys are as in {@link #withNote}. */
    public Append withMetadata(ObjectNode notes) {
        return new Append(id, terms, notes, runAt, delay);
    }

    /** A copy; changing it changes nothing. */
    @Override
    public ObjectNode metadata() {
        return metadata.deepCopy();
    }

    private Append unique(Unique unique) {
        return with(terms.withUnique(unique));
    }

    private Append with(Terms changed) {
        return new Append(id, changed, metadata, runAt, delay);
    }
}
