package dev.millrace.store;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How far a handler says it is.
 *
 * @param hold the claim whose handler says so
 * @param fraction 0 to 1
 * @param message what PostgreSQL can hold; null for none
 */
public record ProgressRow(
        Hold hold, double fraction, @Nullable String message) {
    /** The event. */
    public UUID id() {
        return hold.id();
    }
}
