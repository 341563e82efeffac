package dev.millrace.event;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A unit of work and how it is doing at the moment it was read. Immutable; equal to another by id alone.
 *
 * @param <T> the payload's type
 * @param createdAt when it was appended, by the database's clock; of an event not appended yet, when it was made here
 * @param type the payload type's registered name
 * @param metadata the application's notes; {@code original}, {@code root} and {@code attempt} of a fresh event, which are Millrace's own
 * @param terms how it wants to be treated
 * @param execution how it is doing
 * @param waiting how it waits; null unless it was pending when it was read from its flow
 */
public record Event<T>(
        UUID id,
        Instant createdAt,
        String type,
        T payload,
        ObjectNode metadata,
        Terms terms,
        Execution execution,
        @Nullable Waiting waiting) {

    /** Copies the metadata, so that an event never changes under its reader. */
    public Event {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(createdAt, "createdAt");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(terms, "terms");
        Objects.requireNonNull(execution, "execution");
        metadata = Objects.requireNonNull(metadata, "metadata").deepCopy();
    }

    /** Without how it waits. */
    public Event(
            UUID id, Instant createdAt, String type, T payload, ObjectNode metadata, Terms terms, Execution execution) {
        this(id, createdAt, type, payload, metadata, terms, execution, null);
    }

    /** A new event, not appended yet, with an id of its own. */
    public static <T> Event<T> of(String type, T payload, Terms terms) {
        return new Event<>(
                UuidV7.next(),
                Instant.now().truncatedTo(ChronoUnit.MICROS), // what the database keeps
                type,
                payload,
                JsonNodeFactory.instance.objectNode(),
                terms,
                Execution.PRISTINE);
    }

    /** The same work as a new event, with none of this one's metadata; see {@link #asFreshEvent(boolean)}. */
    public Event<T> asFreshEvent() {
        return asFreshEvent(false);
    }

    /**
     * The same work as a new event, not appended yet: a new id and creation time, a pristine execution, this one's type,
     * payload, timeout, deadline and streaming, but not its priority. Works in any status. In its metadata
     * {@code original} and {@code root} hold id and creation time of this event and of the first in the line, and
     * {@code attempt} the number in the line, 2 for the first fresh event.
     *
     * @param copyMetadata whether to start from a deep copy of this one's metadata instead of from nothing
     */
    public Event<T> asFreshEvent(boolean copyMetadata) {
        return FreshEvents.of(this, copyMetadata);
    }

    /** A copy of the notes; changing it changes nothing. */
    @Override
    public ObjectNode metadata() {
        return metadata.deepCopy();
    }

    /** Lower runs first; null until appended if none was given. What a pending event has now: {@link #waiting}. */
    public @Nullable Double priority() {
        return terms.priority();
    }

    /** How long the handler may run; null for as long as it likes. */
    public @Nullable Duration timeout() {
        return terms.timeout();
    }

    /** Past it an unstarted event is skipped; null for never. */
    public @Nullable Instant deadline() {
        return terms.deadline();
    }

    /** Whether the handler's answer is a stream of chunks. */
    public boolean streaming() {
        return terms.streaming();
    }

    /**
     * When a scheduled event is due, by the database's clock. Null for an event that is due or not pending, and for one that was not
     * read from its flow.
     */
    public @Nullable Instant dueAt() {
        return waiting == null ? null : waiting.dueAt();
    }

    /** Where it is in its life. */
    public EventStatus status() {
        return execution.status();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Event<?> event && id.equals(event.id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    /** Names the event without its payload, which may be secret. */
    @Override
    public String toString() {
        return "Event(id=%s, type=%s, status=%s, attempt=%d)".formatted(id, type, status(), execution.attempt());
    }
}
