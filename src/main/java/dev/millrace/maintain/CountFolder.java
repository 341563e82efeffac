package dev.millrace.maintain;

import dev.millrace.store.Counts;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Adds the deltas of the counts up, so that reading them stays cheap. Any worker may. Confined to one thread. */
public final class CountFolder {
    private static final long INTERVAL_MILLIS = 1_000;

    private final Counts counts;

    /** A folder of those counts. */
    public CountFolder(Counts counts) {
        this.counts = counts;
    }

    /** Folds one batch; returns how long to idle. */
    public Duration cycle() {
        boolean more = counts.fold();
        return more
                ? Duration.ZERO
                : Duration.ofMillis(
                        INTERVAL_MILLIS / 2 + ThreadLocalRandom.current().nextLong(INTERVAL_MILLIS));
    }
}
