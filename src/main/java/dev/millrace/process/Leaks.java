package dev.millrace.process;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Counts the handlers that go on after their events were ended in their stead: by the clock, by a worker that stops, or
 * because the lease was lost. One that heeds its interrupt is here for a moment only. Thread-safe; one for each executor.
 */
final class Leaks {
    private final AtomicInteger count = new AtomicInteger();
    private final Runnable whenFewer;

    /** @param whenFewer hears of each that has ended after all */
    Leaks(Runnable whenFewer) {
        this.whenFewer = whenFewer;
    }

    int count() {
        return count.get();
    }

    void begin() {
        count.incrementAndGet();
    }

    void end() {
        count.decrementAndGet();
        whenFewer.run();
    }
}
