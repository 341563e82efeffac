package dev.millrace.store;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the interrupt flag of the current thread down while the thread uses a connection, and puts the flag up again after: on a
 * virtual thread a flag that is up closes the socket that the next read or write meets. The one place that does so. Confined to
 * its thread.
 */
final class InterruptFlag implements AutoCloseable {
    private boolean up = Thread.interrupted();

    private InterruptFlag() {}

    /** Takes the flag down until this is closed. */
    static InterruptFlag down() {
        return new InterruptFlag();
    }

    /** Does that with the flag down. */
    static void runDown(Runnable work) {
        InterruptFlag flag = down();
        try {
            work.run();
        } finally {
            flag.close();
        }
    }

    /** As {@link #runDown}, with an answer. */
    static <R extends @Nullable Object> R down(Supplier<R> work) {
        InterruptFlag flag = down();
        try {
            return work.get();
        } finally {
            flag.close();
        }
    }

    /** Whether the thread was interrupted since that was last asked; takes the flag down again. */
    boolean rose() {
        boolean now = Thread.interrupted();
        up |= now;
        return now;
    }

    /** Whether the flag will be up again. */
    boolean isUp() {
        return up;
    }

    @Override
    public void close() {
        if (up) {
            Thread.currentThread().interrupt();
        }
    }
}
