package dev.millrace.store;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Event;
import dev.millrace.event.Execution;
import dev.millrace.event.Json;
import dev.millrace.event.Terms;
import dev.millrace.event.Waiting;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event as its row says, the payload still JSON text.
 *
 * @param payload JSON text; empty if it is large and was left in the database
 * @param metadata JSON text of an object
 * @param waiting null unless it is pending and was read as that
 */
public record StoredEvent(
        UUID id,
        Instant createdAt,
        String type,
        String payload,
        String metadata,
        Terms terms,
        Execution execution,
        @Nullable Waiting waiting) {

    /** Whether the payload was left in the database. */
    public boolean isWithoutPayload() {
        return payload.isEmpty();
    }

    /** The same with that payload, JSON text. */
    public StoredEvent withPayload(String text) {
        return new StoredEvent(id, createdAt, type, text, metadata, terms, execution, waiting);
    }

    /** The event with its payload decoded. */
    public <T> Event<T> with(T decoded) {
        return new Event<>(id, createdAt, type, decoded, metadataNode(), terms, execution, waiting);
    }

    /** The event without how it waits, which a snapshot does not hold: a restored event is due at once. */
    StoredEvent lasting() {
        return new StoredEvent(id, createdAt, type, payload, metadata, terms, execution, null);
    }

    private ObjectNode metadataNode() {
        return metadata.equals("{}") ? JsonNodeFactory.instance.objectNode() : (ObjectNode) Json.parse(metadata);
    }

    /** Reads the columns that every reading statement names alike, without the execution and how it waits. */
    static StoredEvent facts(ResultSet row, Execution execution, @Nullable Waiting waiting) throws SQLException {
        Double timeout = number(row, "timeout");
        OffsetDateTime deadline = row.getObject("deadline", OffsetDateTime.class);
        return new StoredEvent(
                row.getObject("id", UUID.class),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                row.getString("type"),
                row.getString("payload"),
                row.getString("metadata"),
                new Terms(
                        row.getDouble("priority"),
                        timeout == null ? null : Terms.timeoutOfSeconds(timeout),
                        deadline == null ? null : deadline.toInstant(),
                        row.getBoolean("streaming"),
                        null,
                        null,
                        (Integer) row.getObject("max_crashes")),
                execution,
                waiting);
    }

    static @Nullable Double number(ResultSet row, String column) throws SQLException {
        double value = row.getDouble(column);
        return row.wasNull() ? null : value;
    }

    static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }

    static @Nullable Duration seconds(@Nullable Double seconds) {
        return seconds == null ? null : Duration.ofNanos(Math.round(seconds * 1e9));
    }
}
