package dev.millrace;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that stands still until a test turns it. Thread-safe. */
final class ManualClock implements InstantSource {
    private Instant now; // guarded by this

    ManualClock(Instant start) {
        this.now = start;
    }

    @Override
    public synchronized Instant instant() {
        return now;
    }

    /** Turns it on. */
    synchronized void turn(Duration time) {
        now = now.plus(time);
    }

    /** That much from now. */
    synchronized Instant in(Duration time) {
        return now.plus(time);
    }
}
