package dev.millrace.event;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far the handler of an event is, by its own word; when it has ended, how far it was.
 *
 * @param attempt which claim of the event said so
 * @param fraction of the work that is done, 0 to 1
 * @param message what it said beside; null for nothing
 * @param toldAt when it was stored, by the database's clock
 */
public record Progress(
        int attempt, double fraction, @Nullable String message, Instant toldAt) {
    /** The most UTF-8 bytes of a message; longer ones are cut and say so. */
    public static final int MAX_MESSAGE_BYTES = 1_000;

    /** Checks the fraction. */
    public Progress {
        fraction = checked(fraction);
    }

    /**
     * The fraction, if it is one.
     *
     * @throws IllegalArgumentException if it is not 0 to 1
     */
    public static double checked(double fraction) {
        if (!(fraction >= 0 && fraction <= 1)) { // NaN is not, either
            throw new IllegalArgumentException("fraction must be 0 to 1, got " + fraction);
        }
        return fraction;
    }

    /** A message as it is stored: cut if it is too long, and U+FFFD in the place of what PostgreSQL cannot hold. */
    public static @Nullable String storable(@Nullable String message) {
        return message == null ? null : Texts.storable(message, MAX_MESSAGE_BYTES);
    }
}
