package dev.millrace.process;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What one intake of events has in common: how many are not settled yet, and the refused ones, which go back together when
 * the intake is over, so that the same intake does not meet them twice. Thread-safe.
 */
final class Batch {
    /** Refused events that one batch holds at most, however many more there are: as many as the largest capacity. */
    private static final int MOST_HELD = 10_000;

    private final Runnable whenSettled;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final AtomicInteger granted = new AtomicInteger();
    private final List<Runnable> held = new ArrayList<>(); // guarded by lock
    private int open; // guarded by lock
    private boolean closed; // guarded by lock

    /** @param holding whether refused events wait for {@link #close}; else they go back at once */
    Batch(boolean holding) {
        this(holding, () -> {});
    }

    /** As the other one; {@code whenSettled} hears of each that has settled or gone back. */
    Batch(boolean holding, Runnable whenSettled) {
        this.closed = !holding;
        this.whenSettled = whenSettled;
    }

    /** One more event belongs to it. */
    void add() {
        lock.lock();
        try {
            open++;
        } finally {
            lock.unlock();
        }
    }

    /** One of them was granted. */
    void grant() {
        granted.incrementAndGet();
    }

    /** How many were granted. */
    int granted() {
        return granted.get();
    }

    /** Sends a refused event back, now or when the intake is over. */
    void sendBack(Runnable submit) {
        lock.lock();
        try {
            if (!closed) {
                held.add(submit);
                return;
            }
        } finally {
            lock.unlock();
        }
        submit.run();
    }

    /** Whether it holds as many refused events as it may; then the intake should end. */
    boolean isFull() {
        lock.lock();
        try {
            return held.size() >= MOST_HELD;
        } finally {
            lock.unlock();
        }
    }

    /** The intake is over. */
    void close() {
        List<Runnable> ready;
        lock.lock();
        try {
            closed = true;
            ready = List.copyOf(held);
            held.clear();
        } finally {
            lock.unlock();
        }
        ready.forEach(Runnable::run);
    }

    /** One of them has settled or gone back. */
    void settled() {
        lock.lock();
        try {
            open--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        whenSettled.run();
    }

    /** Waits until all of them have, but not beyond that moment of {@link System#nanoTime}. */
    void awaitSettled(long endNanos) throws InterruptedException {
        lock.lock();
        try {
            long left = endNanos - System.nanoTime();
            while (open > 0 && left > 0) {
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }
}
