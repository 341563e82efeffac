package dev.millrace.process;

import dev.millrace.thread.Threads;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The virtual thread of one handler, as those who may have to stop it see it. A handler that runs a statement in a
 * transaction has that cancelled first: an interrupt inside the driver closes the connection, and the statement would go
 * on in the server. Thread-safe.
 */
final class HandlerThread {
    private final Thread thread;
    private final Leaks leaks;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable Runnable cancel; // guarded by lock
    private boolean stopped; // guarded by lock
    private boolean ended; // guarded by lock

    /**
     * A thread that has not started.
     *
     * @param what its flow and event, for the thread's name
     */
    HandlerThread(String what, Runnable work, Leaks leaks) {
        this.leaks = leaks;
        this.thread = Threads.virtual("millrace-run " + what, () -> {
            try {
                work.run();
            } finally {
                end();
            }
        });
    }

    void start() {
        thread.start();
    }

    /** Where the handler is. */
    StackTraceElement[] frames() {
        return thread.getStackTrace();
    }

    /** Whether the caller is the handler. */
    boolean isCurrent() {
        return Thread.currentThread().equals(thread);
    }

    /** Asks the handler to end; until it has, it counts as leaked. */
    void stop() {
        Runnable first;
        lock.lock();
        try {
            if (ended || stopped) {
                return;
            }
            stopped = true;
            leaks.begin();
            first = cancel;
        } finally {
            lock.unlock();
        }
        if (first == null) {
            thread.interrupt();
        } else {
            Threads.startVirtual("millrace-cancel", () -> {
                first.run(); // may have to wait for the network; who stops the handler must not
                thread.interrupt();
            });
        }
    }

    /** What cancels the statement that the handler may be running from now on; null for none. */
    void cancelBy(@Nullable Runnable action) {
        lock.lock();
        try {
            cancel = action;
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
            if (stopped) {
                leaks.end();
            }
        } finally {
            lock.unlock();
        }
    }
}
