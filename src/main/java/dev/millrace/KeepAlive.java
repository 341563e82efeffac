package dev.millrace;

import dev.millrace.process.Books;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the JVM alive while an executor executes, and after that until what it started has ended: all other threads of the
 * library are daemons. One thread for all executors of a Millrace, made when it is needed. Thread-safe.
 */
final class KeepAlive {
    private static final long A_WHILE_NANOS = Duration.ofHours(1).toNanos(); // then it looks again

    private final boolean wanted;
    private final Books books;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Thread thread; // guarded by lock
    private final AtomicInteger executing = new AtomicInteger(); // changed under the lock
    private volatile boolean closed; // written under the lock

    /**
     * @param wanted false: does nothing, since somebody else keeps the JVM alive
     * @param books what was started and has not ended
     */
    KeepAlive(boolean wanted, Books books) {
        this.wanted = wanted;
        this.books = books;
    }

    /** One more executor executes. */
    void begin() {
        lock.lock();
        try {
            if (wanted && !closed && thread == null) {
                Thread fresh = Threads.user("millrace-keep-alive", this::stay);
                fresh.start();
                thread = fresh;
            }
            executing.incrementAndGet();
        } finally {
            lock.unlock();
        }
    }

    /** One executor has stopped claiming; what it runs goes on. */
    void end() {
        lock.lock();
        try {
            executing.decrementAndGet();
        } finally {
            lock.unlock();
        }
        tell();
    }

    /** Ends the thread whatever executes: all has ended, or this JVM should. */
    void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
        tell();
    }

    private void tell() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        books.look();
    }

    private void stay() {
        do {
            awaitStop();
            awaitNothingHeld();
        } while (goesOn());
    }

    private void awaitStop() {
        lock.lock();
        try {
            while (executing.get() > 0 && !closed) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void awaitNothingHeld() {
        try {
            boolean unused =
                    books.awaitNone(() -> System.nanoTime() + (closed || executing.get() > 0 ? 0 : A_WHILE_NANOS));
        } catch (InterruptedException e) {
            return; // nobody of ours does that; it looks again
        }
    }

    private boolean goesOn() {
        lock.lock();
        try {
            if (!closed && (executing.get() > 0 || books.count() > 0)) {
                return true;
            }
            thread = null;
            return false;
        } finally {
            lock.unlock();
        }
    }
}
