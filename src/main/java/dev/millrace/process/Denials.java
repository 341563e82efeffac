package dev.millrace.process;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * How often an event may be denied, and how far apart the denials are. Immutable and thread-safe.
 *
 * @param most denials that abort an event
 * @param backOff the least pause after the first denial, doubled with each further one; zero for none
 */
public record Denials(int most, Duration backOff) {
    /** The longest pause that the back-off alone makes: an event that is denied often is still asked about. */
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);

    /** Three, of which the third comes no earlier than a minute after the first. */
    public static final Denials DEFAULT = new Denials(3, Duration.ofSeconds(20));

    /** Checks the bounds. */
    public Denials {
        Settings.requireWithin("maxDenials", most, 1, 1_000);
        Settings.requireWithin("denialBackOff", backOff, Duration.ZERO, LONGEST_PAUSE);
    }

    /**
     * The pause after a denial. The back-off is the least; up to as much again is added at random, since events that were denied
     * together would otherwise be asked about together, and most of them denied again.
     *
     * @param denials how often the event was denied, this time included; from 1
     * @param asked what the permission check asked for; counts if it is longer
     */
    Duration pauseAfter(int denials, Duration asked) {
        double doubled = backOff.toNanos() * Math.pow(2, denials - 1.0);
        long least = (long) Math.min(doubled, (double) LONGEST_PAUSE.toNanos());
        Duration pause = least == 0
                ? Duration.ZERO
                : Duration.ofNanos(least + ThreadLocalRandom.current().nextLong(least));
        return pause.compareTo(asked) < 0 ? asked : pause;
    }
}
