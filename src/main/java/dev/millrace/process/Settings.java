package dev.millrace.process;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one executor processes, checked when it is built.
 *
 * @param queueCapacity events in one batch
 * @param capacityRefreshTime between batches of the background loop; null for as fast as slots come free
 * @param concurrencyLimit events that run at once
 * @param prefetch events claimed and not settled at most, beyond those that run
 * @param denials how often an event may be denied, and how far apart
 * @param maxPermissionErrors failed permission checks that abort an event
 * @param permissionTimeout how long a permission check may take
 * @param pollInterval between looks at the database while there is nothing to do
 * @param undecodable how long an event that cannot be read is left for another worker
 */
public record Settings(
        int queueCapacity,
        @Nullable Duration capacityRefreshTime,
        int concurrencyLimit,
        int prefetch,
        Denials denials,
        int maxPermissionErrors,
        Duration permissionTimeout,
        Duration pollInterval,
        UndecodableLimit undecodable) {
    /** What an executor has unless told otherwise. */
    public static final Settings DEFAULT = new Settings(
            100,
            null,
            100,
            2_000,
            Denials.DEFAULT,
            20,
            Duration.ofSeconds(5),
            Duration.ofMillis(200),
            UndecodableLimit.DEFAULT);

    /** Checks the bounds. */
    public Settings {
        requireWithin("queueCapacity", queueCapacity, 1, 10_000);
        if (capacityRefreshTime != null) {
            requireWithin("capacityRefreshTime", capacityRefreshTime, Duration.ofMillis(10), Duration.ofHours(1));
        }
        requireWithin("concurrencyLimit", concurrencyLimit, 1, 100_000);
        requireWithin("prefetch", prefetch, 0, 10_000);
        requireWithin("maxPermissionErrors", maxPermissionErrors, 1, 1_000);
        requireWithin("permissionTimeout", permissionTimeout, Duration.ofMillis(10), Duration.ofMinutes(10));
        requireWithin("pollInterval", pollInterval, Duration.ofMillis(10), Duration.ofMinutes(10));
    }

    static void requireWithin(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException("%s must be %d to %d, got %d".formatted(name, least, most, value));
        }
    }

    static void requireWithin(String name, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException("%s must be %s to %s, got %s".formatted(name, least, most, value));
        }
    }
}
