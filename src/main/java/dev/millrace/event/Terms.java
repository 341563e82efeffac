package dev.millrace.event;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How an event wants to be treated.
 *
 * @param priority lower runs first; null lets the database use the creation time in epoch seconds
 * @param timeout how long the handler may run; null for as long as it likes
 * @param deadline past it an unstarted event is skipped; null for never
 * @param streaming whether the handler's answer is a stream of chunks
 * @param unique the key that no other event may have, when it is appended; null for none, and for every event that was read,
 *     since who holds a key changes
 * @param runAt not before that time, when it is appended; null for at once, and for every event that was read
 * @param maxCrashes deaths of its workers that abort it; null for as many as the worker says that finds it, and for the event that
 *     a handler has: a claim does not read it
 */
public record Terms(
        @Nullable Double priority,
        @Nullable Duration timeout,
        @Nullable Instant deadline,
        boolean streaming,
        @Nullable Unique unique,
        @Nullable Instant runAt,
        @Nullable Integer maxCrashes) {
    /** The longest timeout the database keeps: ten years. */
    public static final Duration MAX_TIMEOUT = Duration.ofDays(3650);

    /** The largest number of deaths that an event can see. */
    public static final int MOST_CRASHES = 100;

    /** No wishes. */
    public static final Terms DEFAULT = new Terms(null, null, null, false);

    private static final Instant MIN_INSTANT = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant MAX_INSTANT = Instant.parse("9999-12-31T23:59:59Z");

    /** Checks the bounds. */
    public Terms {
        if (priority != null) {
            checkPriority(priority);
        }
        if (timeout != null) {
            checkTimeout(timeout);
        }
        if (deadline != null) {
            checkInstant("deadline", deadline);
        }
        if (runAt != null) {
            checkInstant("runAt", runAt);
        }
        if (maxCrashes != null) {
            checkMaxCrashes(maxCrashes);
        }
    }

    /** Without a number of deaths of its own. */
    public Terms(
            @Nullable Double priority,
            @Nullable Duration timeout,
            @Nullable Instant deadline,
            boolean streaming,
            @Nullable Unique unique,
            @Nullable Instant runAt) {
        this(priority, timeout, deadline, streaming, unique, runAt, null);
    }

    /** Without a time before which it does not start. */
    public Terms(
            @Nullable Double priority,
            @Nullable Duration timeout,
            @Nullable Instant deadline,
            boolean streaming,
            @Nullable Unique unique) {
        this(priority, timeout, deadline, streaming, unique, null);
    }

    /** Without a unique key. */
    public Terms(@Nullable Double priority, @Nullable Duration timeout, @Nullable Instant deadline, boolean streaming) {
        this(priority, timeout, deadline, streaming, null);
    }

    /**
     * The priority, if it is one.
     *
     * @throws IllegalArgumentException if it is not finite
     */
    public static double checkPriority(double priority) {
        if (!Double.isFinite(priority)) {
            throw new IllegalArgumentException("Priority must be finite and not NaN, got " + priority);
        }
        return priority;
    }

    /** A copy with that priority. */
    public Terms withPriority(@Nullable Double other) {
        return new Terms(other, timeout, deadline, streaming, unique, runAt, maxCrashes);
    }

    /** A copy with that timeout. */
    public Terms withTimeout(@Nullable Duration other) {
        return new Terms(priority, other, deadline, streaming, unique, runAt, maxCrashes);
    }

    /** A copy with that deadline. */
    public Terms withDeadline(@Nullable Instant other) {
        return new Terms(priority, timeout, other, streaming, unique, runAt, maxCrashes);
    }

    /** A copy that asks for a stream of chunks, or does not. */
    public Terms withStreaming(boolean other) {
        return new Terms(priority, timeout, deadline, other, unique, runAt, maxCrashes);
    }

    /** A copy with that unique key. */
    public Terms withUnique(@Nullable Unique other) {
        return new Terms(priority, timeout, deadline, streaming, other, runAt, maxCrashes);
    }

    /** A copy with that time before which it does not start. */
    public Terms withRunAt(@Nullable Instant time) {
        return new Terms(priority, timeout, deadline, streaming, unique, time, maxCrashes);
    }

    /** A copy with that number of deaths. */
    public Terms withMaxCrashes(@Nullable Integer deaths) {
        return new Terms(priority, timeout, deadline, streaming, unique, runAt, deaths);
    }

    /**
     * The number of deaths that abort an event, unless there cannot be so many.
     *
     * @throws IllegalArgumentException if it is not 1 to {@value #MOST_CRASHES}
     */
    public static int checkMaxCrashes(int deaths) {
        if (deaths < 1 || deaths > MOST_CRASHES) {
            throw new IllegalArgumentException("maxCrashes must be 1 to %d, got %d".formatted(MOST_CRASHES, deaths));
        }
        return deaths;
    }

    /** The timeout, unless it is not positive or longer than the database keeps. */
    static Duration checkTimeout(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException(
                    "timeout must be positive, got " + Seconds.of(timeout).toPlainString());
        }
        if (timeout.compareTo(MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException("timeout must be finite, at most %d days, got %ss"
                    .formatted(MAX_TIMEOUT.toDays(), Seconds.of(timeout).toPlainString()));
        }
        return timeout;
    }

    /** The delay, unless it is negative or longer than the longest timeout. */
    public static Duration checkDelay(Duration delay) {
        if (delay.isNegative() || delay.compareTo(MAX_TIMEOUT) > 0) {
            throw new IllegalArgumentException("delay must not be negative and at most %d days, got %ss"
                    .formatted(MAX_TIMEOUT.toDays(), Seconds.of(delay).toPlainString()));
        }
        return delay;
    }

    /** The instant, unless it lies outside the years that every part of the system can write down. */
    public static Instant checkInstant(String what, Instant instant) {
        if (instant.isBefore(MIN_INSTANT) || instant.isAfter(MAX_INSTANT)) {
            throw new IllegalArgumentException(what + " must lie in the years 1 to 9999, got " + instant);
        }
        return instant;
    }

    /** A timeout in seconds as a {@link Duration}, with the checks of R-004. */
    public static Duration timeoutOfSeconds(double seconds) {
        if (!Double.isFinite(seconds)) {
            throw new IllegalArgumentException("timeout must be finite, got " + seconds);
        }
        if (seconds <= 0) {
            throw new IllegalArgumentException("timeout must be positive, got " + seconds);
        }
        if (seconds > MAX_TIMEOUT.toSeconds()) {
            throw new IllegalArgumentException(
                    "timeout must be finite, at most " + MAX_TIMEOUT.toDays() + " days, got " + seconds + "s");
        }
        return Duration.ofNanos(Math.max(1, Math.round(seconds * 1e9)));
    }
}
