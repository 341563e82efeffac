package dev.millrace.process;

import java.util.Objects;
import org.slf4j.event.Level;

/**
 * What becomes known of attempts that failed, checked when an executor is built.
 *
 * @param level of the line that the log has of each
 * @param frames of each stack trace in the log at most; 0 for no stack traces
 * @param storedTrace bytes that causes and stack traces take of a stored error at most; 0 for none of them
 */
public record FailureSettings(Level level, int frames, int storedTrace) {
    /** What an executor has unless told otherwise. */
    public static final FailureSettings DEFAULT = new FailureSettings(Level.WARN, 100, 8 << 10);

    private static final int MAX_FRAMES = 10_000;
    private static final int MAX_STORED_TRACE = 32 << 10;

    /** Checks the bounds. */
    public FailureSettings {
        Objects.requireNonNull(level, "level");
        if (frames < 0 || frames > MAX_FRAMES) {
            throw new IllegalArgumentException(
                    "failureLog must have 0 to %d frames, got %d".formatted(MAX_FRAMES, frames));
        }
        if (storedTrace < 0 || storedTrace > MAX_STORED_TRACE) {
            throw new IllegalArgumentException(
                    "storedTrace must be 0 to %d bytes, got %d".formatted(MAX_STORED_TRACE, storedTrace));
        }
    }
}
