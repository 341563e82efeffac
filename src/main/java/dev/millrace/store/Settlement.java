package dev.millrace.store;

import dev.millrace.event.EventStatus;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How a claim ends. What is JSON is text that PostgreSQL is sure to accept; durations are what the handler ran. */
public sealed interface Settlement {
    /** The claim that ends. */
    Hold hold();

    /** What was thrown where it ran, or ended it there; not stored. Null for nothing. */
    @Nullable
    Throwable thrown();

    /** The event claimed. */
    default UUID id() {
        return hold().id();
    }

    /**
     * The event is over.
     *
     * @param response null is unset, the text {@code null} a null
     * @param error null is unset, the text {@code null} a null
     */
    record Ended(
            Hold hold,
            EventStatus status,
            @Nullable Duration duration,
            @Nullable String response,
            @Nullable String error,
            @Nullable Boolean retryable,
            @Nullable Throwable thrown)
            implements Settlement {
        /** Without anything thrown. */
        public Ended(
                Hold hold,
                EventStatus status,
                @Nullable Duration duration,
                @Nullable String response,
                @Nullable String error,
                @Nullable Boolean retryable) {
            this(hold, status, duration, response, error, retryable, null);
        }
    }

    /**
     * The event goes back to pending.
     *
     * @param standing its counters from now on
     * @param delay how long until it is due; null for at once
     */
    record Returned(
            Hold hold,
            Standing standing,
            @Nullable Duration delay,
            Reason reason,
            @Nullable String error,
            @Nullable Duration duration,
            @Nullable Throwable thrown)
            implements Settlement {
        /** Without anything thrown. */
        public Returned(
                Hold hold,
                Standing standing,
                @Nullable Duration delay,
                Reason reason,
                @Nullable String error,
                @Nullable Duration duration) {
            this(hold, standing, delay, reason, error, duration, null);
        }
    }

    /** The counters that an event keeps while it is pending. */
    record Standing(double priority, int failures, int denials, int deaths) {}

    /** Why an attempt did not settle its event. */
    enum Reason {
        RETRY("retry"),
        DENIED("denied"),
        WAIT("wait"),
        PERMISSION_ERROR("permission-error"),
        SNOOZE("snooze"),
        SHUTDOWN("shutdown"),
        PAUSE("pause"),
        CANCELLED("cancelled"),
        UNDECODABLE("undecodable");

        private final String wireName;

        Reason(String wireName) {
            this.wireName = wireName;
        }

        /** The name in the table {@code attempt}. */
        public String wireName() {
            return wireName;
        }
    }
}
