package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How an event is doing or did. In {@code response} and {@code error} null means <em>unset</em> (there is none yet)
 * and a JSON null means a real null: a handler that returned null, a run without an error. The database keeps
 * the two apart as SQL NULL and JSON null.
 *
 * @param attempt how often the event was claimed; 0 before the first time
 * @param startedAt when the last attempt was claimed, by the database's clock; null if never
 * @param finishedAt when it settled, by the database's clock; null while it has not
 * @param duration how long the handler ran; unset (null) for what never ran
 * @param response what the handler returned, as JSON; unset unless completed
 * @param error the stored error; JSON null after a success; unset before the end
 * @param retryable whether trying again may help; unset before the end
 */
public record Execution(
        EventStatus status,
        int attempt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable Duration duration,
        @Nullable JsonNode response,
        @Nullable JsonNode error,
        @Nullable Boolean retryable) {

    /** Of an event that was never claimed. */
    public static final Execution PRISTINE = new Execution(EventStatus.PENDING, 0, null, null, null, null, null, null);

    /** Of an event that has not ended: only status and attempt are known. */
    public static Execution active(EventStatus status, int attempt, @Nullable Instant startedAt) {
        return new Execution(status, attempt, startedAt, null, null, null, null, null);
    }
}
