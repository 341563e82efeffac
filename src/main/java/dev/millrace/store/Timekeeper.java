package dev.millrace.store;

import dev.millrace.event.Terms;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The clock by which events become due and deadlines pass: the database's, unless the application gave one of its own, as tests
 * do. Statements take the given moment as {@code :now}; null there is the database's own. Thread-safe if the given clock is.
 */
public final class Timekeeper {
    /** The database's clock. */
    public static final Timekeeper DATABASE = new Timekeeper(null);

    /** A given clock does not wake those who wait for it, so they look often. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    private final @Nullable InstantSource given;

    private Timekeeper(@Nullable InstantSource given) {
        this.given = given;
    }

    /** That clock; null for the database's. */
    public static Timekeeper of(@Nullable InstantSource clock) {
        return clock == null ? DATABASE : new Timekeeper(clock);
    }

    /** Whether the application gave a clock. */
    public boolean isGiven() {
        return given != null;
    }

    /**
     * The given clock's time in microseconds, rounded as the database rounds the times it is told; empty if there is none.
     *
     * @throws IllegalArgumentException if the clock says a time outside the years 1 to 9999
     */
    public Optional<Instant> now() {
        return Optional.ofNullable(given)
                .map(clock -> Terms.checkInstant("the time of the clock that Millrace was given", clock.instant())
                        .plusNanos(500)
                        .truncatedTo(ChronoUnit.MICROS));
    }

    /** For how long to wait for a moment of this clock that is so far away. */
    public Duration pause(Duration untilThen) {
        return isGiven() && untilThen.compareTo(LOOK_AGAIN) > 0 ? LOOK_AGAIN : untilThen;
    }

    /** The value of {@code :now}, as text in UTC; null for the database's clock. */
    @Nullable
    String moment() {
        return now().map(Instant::toString).orElse(null);
    }
}
