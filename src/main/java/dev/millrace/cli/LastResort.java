package dev.millrace.cli;

import dev.millrace.Millrace;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends a JVM that is out of memory and does not come to its end in an orderly way: where the heap stays full, nothing can be
 * given back, logged or closed any more, and the JVM would collect garbage for ever. What it holds is left to its lease.
 * Thread-safe.
 */
final class LastResort implements AutoCloseable {
    private static final long LOOK_EVERY_NANOS = Duration.ofMillis(250).toNanos();

    private final Millrace millrace;
    private final long patienceNanos;
    private final Thread thread;
    private volatile boolean watching = true;

    private LastResort(Millrace millrace, Duration patience) {
        this.millrace = millrace;
        this.patienceNanos = patience.toNanos();
        // Made now: later there may be no memory for a thread.
        this.thread = Threads.daemon("millrace-last-resort", this::watch);
    }

    /** Watches until closed; once that Millrace has met a fatal error, the JVM has so long to end. */
    static LastResort watch(Millrace millrace, Duration patience) {
        LastResort lastResort = new LastResort(millrace, patience);
        lastResort.thread.start();
        return lastResort;
    }

    private void watch() {
        while (!isFatal()) {
            if (!watching) {
                return;
            }
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
        long end = System.nanoTime() + patienceNanos;
        long left;
        while ((left = end - System.nanoTime()) > 0) {
            LockSupport.parkNanos(left);
        }
        Runtime.getRuntime().halt(Main.FAILED);
    }

    private boolean isFatal() {
        try {
            return millrace.fatalError().isPresent();
        } catch (Throwable e) { // not even enough to ask
            return true;
        }
    }

    /** Stops watching; after a fatal error the JVM is ended all the same, since its end may still fail. */
    @Override
    public void close() {
        watching = false;
        LockSupport.unpark(thread);
        if (!isFatal()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // it ends by itself
            }
        }
    }
}
