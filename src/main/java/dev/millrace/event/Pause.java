package dev.millrace.event;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Since when a flow is paused, by the database's clock, and why.
 *
 * @param reason as it was given; null for none
 */
public record Pause(Instant since, @Nullable String reason) {
    /** Checks that there is a time. */
    public Pause {
        Objects.requireNonNull(since, "since");
    }
}
