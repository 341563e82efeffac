package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A change of an event's status that has been committed. More components than house style likes: a listener is told all that there is
 * in one value, and most of it may be missing.
 *
 * @param flow the name of the event's flow
 * @param type the name of the payload's type; null of an event that this process did not claim, if the executor that has the listener
 *     does not know its type
 * @param attempt which claim of the event it begins or ends, from 1; of one that ended while it was pending the last, 0 if it was never claimed
 * @param from the status before: pending or processing
 * @param to the status now
 * @param result what came of the attempt, as it stands in the event's history; {@code PROCESSING} for a claim; for what ended
 *     while it was pending, how it ended
 * @param duration how long the handler ran; null if it did not, or another ended the event
 * @param error the error as it is stored with the event or the attempt; null if there is none, or another process stored it
 * @param thrown what the application's code threw here, or the error that ended the attempt in its stead; null if there is none, or it
 *     was met elsewhere. For looking at: its message is the application's, and may quote what it handled
 */
public record StatusMove(
        String flow,
        UUID event,
        @Nullable String type,
        int attempt,
        EventStatus from,
        EventStatus to,
        EventAttempt.Result result,
        @Nullable Duration duration,
        @Nullable JsonNode error,
        @Nullable Throwable thrown) {

    /** A move of which no more is known, as of an event that another process claimed. */
    public StatusMove(
            String flow, UUID event, int attempt, EventStatus from, EventStatus to, EventAttempt.Result result) {
        this(flow, event, null, attempt, from, to, result, null, null, null);
    }

    /** Without messages of errors, which may quote what was handled: this may stand in a log. */
    @Override
    public String toString() {
        return "StatusMove[flow=%s, event=%s, type=%s, attempt=%d, from=%s, to=%s, result=%s, duration=%s, error=%s]"
                .formatted(
                        flow,
                        event,
                        type,
                        attempt,
                        from,
                        to,
                        result,
                        duration,
                        error == null ? null : error.path("error").asText());
    }
}
