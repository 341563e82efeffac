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
 */
public record Settings(
        int queueCapacity,
        @Nullable Duration capacityRefreshTime,
        int concurrencyLimit,
        int prefetch,
        Denials denials,
        int maxPermissionErrors,
        Duration permissionTimeout,
        Duration pollInterval) {
    /** What an executor has unless told otherwise. */
    public static final Settings DEFAULT =
            new Settings(100, null, 100, 2_000, Denials.DEFAULT, 20, Duration.ofSeconds(5), Duration.ofMillis(200));

    /** Checks the bounds, in the model's words where it has them. */
    public Settings {
        require(queueCapacity >= 1, "Queue capacity must be greater than 0.");
        require(queueCapacity <= 10_000, "Queue capacity must be <= 10000 (prevent unbounded batches).");
        if (capacityRefreshTime != null) {
            require(
                    capacityRefreshTime.compareTo(Duration.ofMillis(10)) >= 0,
                    "Capacity refresh time must be >= 0.01s (prevent CPU hot loop).");
            require(
                    capacityRefreshTime.compareTo(Duration.ofHours(1)) <= 0,
                    "Capacity refresh time must be <= 3600s (prevent starvation).");
        }
        require(concurrencyLimit >= 1, "Concurrency limit must be >= 1.");
        require(concurrencyLimit <= 100_000, "Concurrency limit must be <= 100000.");
        require(prefetch >= 0 && prefetch <= 10_000, "prefetch must be 0 to 10000, got " + prefetch);
        require(
                maxPermissionErrors >= 1 && maxPermissionErrors <= 1_000,
                "maxPermissionErrors must be 1 to 1000, got " + maxPermissionErrors);
        requireWithin("permissionTimeout", permissionTimeout, Duration.ofMillis(10), Duration.ofMinutes(10));
        requireWithin("pollInterval", pollInterval, Duration.ofMillis(10), Duration.ofMinutes(10));
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    static void requireWithin(String name, Duration value, Duration least, Duration most) {
        require(
                value.compareTo(least) >= 0 && value.compareTo(most) <= 0,
                "%s must be %s to %s, got %s".formatted(name, least, most, value));
    }
}
