package dev.millrace.event;

import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which of the events that have ended are meant: to be appended again, listed or counted. Immutable; each method answers with a
 * narrower copy.
 *
 * @param statuses how they ended; at least one, none of them active
 * @param types the names of their types; empty for any
 * @param error part of {@code error: message} as stored, in any case; null for any
 * @param retryable whether trying again may help; null for both
 * @param since ended then or later, by the database's clock; null for any time
 * @param until ended before then; null for any time
 * @param limit at most so many; from 1
 */
public record RetryFilter(
        Set<EventStatus> statuses,
        Set<String> types,
        @Nullable String error,
        @Nullable Boolean retryable,
        @Nullable Instant since,
        @Nullable Instant until,
        long limit) {

    /** Checks the bounds. */
    public RetryFilter {
        statuses = Given.set("statuses", statuses);
        types = Given.typeNames(types);
        if (statuses.isEmpty()) {
            throw new IllegalArgumentException("statuses must not be empty");
        }
        for (EventStatus status : statuses) {
            if (!status.isTerminal()) {
                throw new IllegalArgumentException(
                        "statuses must be ones that events end in, got " + status + ": only those can be retried");
            }
        }
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be at least 1, got " + limit);
        }
        if (error != null && !Names.canBeStored(error)) {
            throw new IllegalArgumentException("part must not contain NUL or a surrogate without its other half, got "
                    + Names.quoted(error) + ": no error has that in it");
        }
        if (since != null) {
            Terms.checkInstant("since", since);
        }
        if (until != null) {
            Terms.checkInstant("until", until);
        }
    }

    /**
     * All that failed. Events that timed out are not among them, since a timeout ends an event as cancelled, and neither are
     * aborted ones: {@link #unsuccessful} has all three.
     */
    public static RetryFilter failed() {
        return ended(EventStatus.FAILED);
    }

    /**
     * All that ended without success: failed, cancelled, so timed out as well, or aborted. Those that somebody cancelled on
     * purpose are among them: {@code withError("TimeoutError")} narrows to timeouts.
     */
    public static RetryFilter unsuccessful() {
        return new RetryFilter(EventStatus.unsuccessful(), Set.of(), null, null, null, null, Long.MAX_VALUE);
    }

    /** All that ended in one of these statuses. */
    public static RetryFilter ended(EventStatus... statuses) {
        return new RetryFilter(Given.set("statuses", statuses), Set.of(), null, null, null, null, Long.MAX_VALUE);
    }

    /** Only of types of these names. */
    public RetryFilter ofTypes(String... names) {
        return new RetryFilter(statuses, Given.set("names", names), error, retryable, since, until, limit);
    }

    /** Only those whose error's name or message has that text in it, in any case. */
    public RetryFilter withError(String part) {
        Objects.requireNonNull(part, "part");
        return new RetryFilter(statuses, types, part, retryable, since, until, limit);
    }

    /** Only those of whose error it is known that trying again may help. */
    public RetryFilter onlyRetryable() {
        return new RetryFilter(statuses, types, error, true, since, until, limit);
    }

    /** Only those that ended then or later. */
    public RetryFilter since(Instant time) {
        return new RetryFilter(statuses, types, error, retryable, Objects.requireNonNull(time, "since"), until, limit);
    }

    /** Only those that ended before then. */
    public RetryFilter until(Instant time) {
        return new RetryFilter(statuses, types, error, retryable, since, Objects.requireNonNull(time, "until"), limit);
    }

    /** Only so many: of those that are appended again the first that ended, of those that are listed the last. */
    public RetryFilter limit(long events) {
        return new RetryFilter(statuses, types, error, retryable, since, until, events);
    }
}
