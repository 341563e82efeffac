package dev.millrace;

import java.time.Duration;

/**
 * How long a loop that asks the database pauses between two looks: first 5 ms, then twice as long each time up to 100 ms, and
 * always nine times as long as the look took, so that looking takes a tenth of the time at most. Thread-safe.
 */
final class Rhythm {
    private static final Duration FIRST = Duration.ofMillis(5);
    private static final Duration LONGEST = Duration.ofMillis(100);
    private static final int REST = 9; // to each part of looking

    private volatile Duration pause = FIRST;

    /** Something new is looked for: begins with the short pauses again. */
    void restart() {
        pause = FIRST;
    }

    /** The pause after a look that took so long. */
    Duration after(long tookNanos) {
        Duration now = pause;
        Duration twice = now.multipliedBy(2);
        pause = twice.compareTo(LONGEST) > 0 ? LONGEST : twice;
        Duration rest = Duration.ofNanos(REST * tookNanos);
        return rest.compareTo(now) > 0 ? rest : now;
    }
}
