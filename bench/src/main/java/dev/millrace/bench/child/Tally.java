package dev.millrace.bench.child;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;

/** Counts the events whose handlers have started, and keeps when the first {@link #KEPT} of them did. Thread-safe. */
final class Tally implements LongConsumer {
    /** Numbers below this have their start kept. */
    static final int KEPT = 100_000;

    private final LongAdder handled = new LongAdder();
    private final AtomicLongArray starts = new AtomicLongArray(KEPT);
    private volatile boolean keeping;

    /** Forgets everything, and keeps starts from now on or not. */
    void reset(boolean keep) {
        handled.reset();
        for (int i = 0; i < KEPT; i++) {
            starts.set(i, 0);
        }
        keeping = keep;
    }

    @Override
    public void accept(long n) {
        if (keeping && n < KEPT) {
            starts.compareAndSet((int) n, 0, System.nanoTime());
        }
        handled.increment();
    }

    long handled() {
        return handled.sum();
    }

    /** Number and start of each event that has started, such as {@code 0:123 1:456}. */
    String starts() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < KEPT; i++) {
            if (starts.get(i) != 0) {
                text.append(' ').append(i).append(':').append(starts.get(i));
            }
        }
        return text.toString();
    }
}
