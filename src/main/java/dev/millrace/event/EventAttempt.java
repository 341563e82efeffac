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
        /** Its event was aborted. */
        ABORTED,
        /** It failed, and its event was retried. */
        RETRY,
        /** Its event had no permission to run: a strike. */
        DENIED,
        /** Its event was told to wait for permission. */
        WAIT,
        /** The permission check went wrong. */
        PERMISSION_ERROR,
        /** Its handler asked for a later time. */
        SNOOZE,
        /** Its worker stopped. */
        SHUTDOWN,
        /** Its flow was paused before it had started. */
        PAUSE,
        /** Its worker died, or lost its lease. */
        LOST;

        /** The name in the database. */
        public String wireName() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** The result of that name in the database. */
        public static Result ofWireName(String name) {
            return valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
        }
    }
}
