package dev.millrace.cli;

import java.time.Duration;
import java.util.Arrays;

/** How long calls took. Keeps eight bytes for each. Confined to one thread. */
final class Latencies {
    private long[] nanos = new long[1024];
    private int size;

    /** Adds one. */
    void add(Duration duration) {
        if (size == nanos.length) {
            nanos = Arrays.copyOf(nanos, size * 2);
        }
        nanos[size++] = duration.toNanos();
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The least duration that {@code percent} of the calls did not exceed, by nearest rank; zero if there are none. */
    Duration percentile(int percent) {
        Arrays.sort(nanos, 0, size);
        int rank = (int) Math.ceil(percent / 100.0 * size);
        return size == 0 ? Duration.ZERO : Duration.ofNanos(nanos[Math.max(0, rank - 1)]);
    }
}
