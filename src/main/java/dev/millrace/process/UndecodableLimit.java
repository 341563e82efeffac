package dev.millrace.process;

import java.time.Duration;

/**
 * How long an event waits for a worker that can read its payload. Whichever of the first two comes first fails it.
 *
 * @param within since the first try, by the database's clock
 * @param tries claims by workers that could not read it
 * @param deaths of workers, running out of memory while they read it included, that abort it unless it says how many itself
 */
public record UndecodableLimit(Duration within, int tries, int deaths) {
    private static final Duration LONGEST = Duration.ofDays(365);
    private static final int MOST_TRIES = 1_000;

    /** What an executor has unless told otherwise. */
    public static final UndecodableLimit DEFAULT = new UndecodableLimit(Duration.ofHours(1), 20, 3);

    /** Checks the bounds. */
    public UndecodableLimit {
        if (within.isNegative() || within.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    "undecodable: within must be %s to %s, got %s".formatted(Duration.ZERO, LONGEST, within));
        }
        if (tries < 1 || tries > MOST_TRIES) {
            throw new IllegalArgumentException(
                    "undecodable: tries must be 1 to %d, got %d".formatted(MOST_TRIES, tries));
        }
    }
}
