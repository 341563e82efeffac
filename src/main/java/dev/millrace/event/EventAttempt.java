package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One claim of an event: who had it when, and what came of it.
 *
 * @param number which claim of the event it was, from 1
 * @param worker the registration of the process that had it; null for an event restored from a snapshot
 * @param startedAt when it was claimed
 * @param finishedAt when it was over; null while it runs
 * @param duration how long the handler ran; null if it did not, or nobody knows
 * @param error what went wrong, as stored with an event; null for nothing
 */
public record EventAttempt(
        int number,
        Result result,
        @Nullable UUID worker,
        Instant startedAt,
        @Nullable Instant finishedAt,
        @Nullable Duration duration,
        @Nullable JsonNode error) {

    /** What came of an attempt. */
    public enum Result {
        /** It has not ended. */
        PROCESSING,
        /** It completed its event. */
        COMPLETED,
        /** It failed, and its event with it. */
        FAILED,
        /** It ran too long or was cancelled; its event ended with it, or was retried. */
        CANCELLED,
        /** It ended its event as not needed. */
        SKIPPED,
        /** Its event was aborted for a reason that its error does not say. */
        ABORTED,
        /** It failed, and its event was retried. */
        RETRY,
        /** Its event had no permission to run: a strike. The last strike aborted the event. */
        DENIED,
        /** Its event was told to wait for permission. */
        WAIT,
        /** The permission check went wrong. The last time aborted the event. */
        PERMISSION_ERROR,
        /** Its handler asked for a later time. */
        SNOOZE,
        /** Its worker stopped. */
        SHUTDOWN,
        /** Its flow was paused before it had started. */
        PAUSE,
        /** Its worker could not read its payload: left for another. */
        UNDECODABLE,
        /** Its worker died, or lost its lease. */
        LOST;

        /** The name in the database. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /**
         * What came of the attempt with which an event ended so. An abortion says by its error what the last attempt was: a
         * denial, a failed permission check, a worker's death.
         *
         * @param error the error stored with the event; null if it has none
         */
        public static Result ofEnd(EventStatus status, @Nullable JsonNode error) {
            if (status != EventStatus.ABORTED || error == null) {
                return valueOf(status.name());
            }
            return switch (error.path("error").asText()) { // as the function ended_result of the database
                case "PermissionDeniedError" -> DENIED;
                case "ExecutionError" -> PERMISSION_ERROR;
                case "WorkerDeath" -> LOST;
                default -> ABORTED;
            };
        }

        /** The result of that name in the database. */
        public static Result ofWireName(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
        }
    }
}
