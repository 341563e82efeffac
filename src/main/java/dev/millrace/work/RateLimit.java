package dev.millrace.work;

import dev.millrace.event.Event;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * At most so many starts in any window of so long: a sliding log of the last starts, not a bucket that refills, so that
 * the limit holds at every instant. Counts the starts of this JVM; share one object among executors that share a limit.
 * Never a strike: an event over the limit waits. Goes by {@link System#nanoTime}, or by the clock that it, or the Millrace of an
 * executor that it is given to, was given. Thread-safe.
 */
public final class RateLimit implements PermissionCheck<Object> {
    /** The most starts a window may hold: the log keeps eight bytes for each. */
    public static final int MAX_STARTS = 1_000_000;

    private final Object lock = new Object();
    private final long windowNanos;
    private LongSupplier nanoClock; // guarded by lock, as the next three are
    private @Nullable InstantSource followed;
    private final long[] starts; // a ring of start times
    private long granted; // how many were ever granted

    RateLimit(int limit, Duration window, LongSupplier nanoClock) {
        Objects.requireNonNull(window, "window");
        if (limit < 1 || limit > MAX_STARTS) {
            throw new IllegalArgumentException("limit must be 1 to %d starts, got %d".formatted(MAX_STARTS, limit));
        }
        Objects.requireNonNull(window, "window");
        if (window.compareTo(Duration.ofMillis(1)) < 0 || window.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("window must be PT0.001S to PT24H, got " + window);
        }
        this.windowNanos = window.toNanos();
        this.nanoClock = nanoClock;
        this.starts = new long[limit];
    }

    /** At most {@code limit} starts in any {@code window}. */
    public static RateLimit of(int limit, Duration window) {
        return new RateLimit(limit, window, System::nanoTime);
    }

    /** As {@link #of(int, Duration)}, by that clock instead of this process's, for tests that turn it. */
    public static RateLimit of(int limit, Duration window, InstantSource clock) {
        RateLimit rateLimit = of(limit, window);
        rateLimit.follow(clock);
        return rateLimit;
    }

    /**
     * Goes by that clock from now on; what was started before is forgotten. An executor says so whose Millrace was given a clock.
     * Said again with the same clock it changes nothing.
     *
     * @throws IllegalArgumentException if it goes by another given clock already
     */
    public void follow(InstantSource clock) {
        Objects.requireNonNull(clock, "clock");
        synchronized (lock) {
            if (clock.equals(followed)) {
                return;
            }
            if (followed != null) {
                throw new IllegalArgumentException(
                        "this RateLimit goes by another clock already; give it to executors of one clock, or make one for each");
            }
            followed = clock;
            Instant begin = clock.instant();
            nanoClock = () -> TimeUnit.NANOSECONDS.convert(Duration.between(begin, clock.instant())); // no overflow
            granted = 0;
        }
    }

    @Override
    public Permission request(Event<?> event) {
        synchronized (lock) {
            long now = nanoClock.getAsLong();
            long wait = waitNanos(now);
            if (wait > 0) {
                return Permission.waitFor(Duration.ofNanos(wait));
            }
            starts[slot(granted++)] = now;
            return Permission.granted();
        }
    }

    @Override
    public int available(int wanted) {
        synchronized (lock) {
            long now = nanoClock.getAsLong();
            int free = 0;
            while (free < Math.min(wanted, starts.length) && isFree(granted + free, now)) {
                free++;
            }
            return free;
        }
    }

    @Override
    public Duration untilAvailable() {
        synchronized (lock) {
            return Duration.ofNanos(waitNanos(nanoClock.getAsLong()));
        }
    }

    /** How long until the start that must leave the window has left it; 0 if there is room. */
    private long waitNanos(long now) {
        return isFree(granted, now) ? 0 : starts[slot(granted)] + windowNanos - now;
    }

    /** Whether the start numbered so may happen: the one a whole ring before it has left the window. */
    private boolean isFree(long number, long now) {
        return number < starts.length || now - starts[slot(number)] >= windowNanos;
    }

    private int slot(long number) {
        return (int) (number % starts.length);
    }
}
