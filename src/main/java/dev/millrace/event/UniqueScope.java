package dev.millrace.event;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * For how long an event holds its unique key. Whoever has the key when it is asked for decides: the scope of the one that
 * asks says how long it would hold it itself.
 *
 * @param end what ends it
 * @param period from the append on, for {@link End#PERIOD}; otherwise null
 */
public record UniqueScope(End end, @Nullable Duration period) {
    /** The longest period: ten years. */
    public static final Duration MAX_PERIOD = Duration.ofDays(3650);

    /** The shortest period. */
    public static final Duration MIN_PERIOD = Duration.ofMillis(1);

    private static final UniqueScope PENDING = new UniqueScope(End.CLAIM, null);
    private static final UniqueScope SETTLED = new UniqueScope(End.SETTLEMENT, null);
    private static final UniqueScope FOREVER = new UniqueScope(End.NEVER, null);

    /** What ends a scope, in the order of the codes in the database. */
    public enum End {
        /** The event is claimed, or ends without having been. */
        CLAIM,
        /** The event ends, in whatever final status. */
        SETTLEMENT,
        /** Time passes. */
        PERIOD,
        /** Nothing. */
        NEVER
    }

    /** Checks the bounds. */
    public UniqueScope {
        Objects.requireNonNull(end, "end");
        if ((end == End.PERIOD) != (period != null)) {
            throw new IllegalArgumentException("a unique scope has a period if and only if time ends it");
        }
        if (period != null && (period.compareTo(MIN_PERIOD) < 0 || period.compareTo(MAX_PERIOD) > 0)) {
            throw new IllegalArgumentException("the period of a unique key must be between %ss and %d days, got %ss"
                    .formatted(
                            Seconds.of(MIN_PERIOD).toPlainString(),
                            MAX_PERIOD.toDays(),
                            Seconds.of(period).toPlainString()));
        }
    }

    /**
     * Until a worker claims the event, or it ends unclaimed: at most one that waits. An event that goes back to pending has
     * its key again, unless another took it meanwhile.
     */
    public static UniqueScope whilePending() {
        return PENDING;
    }

    /** Until the event has reached its final status, whatever retries it takes: at most one that is not done. The default. */
    public static UniqueScope untilSettled() {
        return SETTLED;
    }

    /** For so long from the append, by the database's clock, whatever becomes of the event, even if it is cleaned up. */
    public static UniqueScope within(Duration period) {
        return new UniqueScope(End.PERIOD, Objects.requireNonNull(period, "period"));
    }

    /** For ever, whatever becomes of the event, even if it is cleaned up: then the key still answers with its id. */
    public static UniqueScope forever() {
        return FOREVER;
    }
}
