package dev.millrace.maintain;

import dev.millrace.store.Counts;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Adds the deltas of the counts up, so that reading them stays cheap. Any worker may. Confined to one thread. */
public final class CountFolder {
    private static final long INTERVAL_MILLIS = 1_000;
    private static final long LONGEST_INTERVAL_MILLIS = 8_000; // while nothing happens

    private final Counts counts;
    private long intervalMillis = INTERVAL_MILLIS;

    /** A folder of those counts. */
    public CountFolder(Counts counts) {
        this.counts = counts;
    }

    /** Folds one batch; returns how long to idle. */
    public Duration cycle() {
        int folded = counts.fold();
        if (folded == Counts.FOLD_BATCH) {
            return Duration.ZERO;
        }
        intervalMillis = folded > 0 ? INTERVAL_MILLIS : Math.min(LONGEST_INTERVAL_MILLIS, intervalMillis * 2);
        return Duration.ofMillis(
                intervalMillis / 2 + ThreadLocalRandom.current().nextLong(intervalMillis));
    }
}
