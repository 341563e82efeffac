package dev.millrace.store;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Repeats calls of the database that failed for a reason which passes, for as long as the patience says. A thread that is interrupted
 * does not wait: its call is tried, with the flag down, and given up where it would have to be repeated. Thread-safe.
 */
final class Repeats {
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 1_000;

    /** After a time-out: the server is there, and may still be at work on what it did not answer. */
    private static final long FIRST_PAUSE_OF_TIMEOUTS_MILLIS = 1_000;

    private static final long LONGEST_PAUSE_OF_TIMEOUTS_MILLIS = 5_000;

    private final Duration patience;
    private final UnaryOperator<RuntimeException> translation;
    private volatile boolean closing;
    private volatile boolean closed;

    /** @param translation the exception of ours for an error that is not repeated */
    Repeats(Duration patience, UnaryOperator<RuntimeException> translation) {
        this.patience = patience;
        this.translation = translation;
    }

    /** From now on gives up at the first failure. */
    void closing() {
        closing = true;
    }

    /** From now on refuses every call, also where the pool is the application's and stays open. */
    void closed() {
        closed = true;
        closing = true;
    }

    /** Work that may be done again whether or not a try that failed was carried out. */
    <R> R repeated(Supplier<R> work) {
        return repeated(patience, SqlErrors::isTransient, work);
    }

    /** As {@link #repeated(Supplier)}, for as long as the patience says, or for less. */
    <R> R repeated(Duration most, Supplier<R> work) {
        return repeated(shorter(most), SqlErrors::isTransient, work);
    }

    /** Work that may be done again only if nothing of it was sent; for as long as the patience says, or for less. */
    <R> R untilSent(Duration most, Supplier<R> work) {
        return repeated(shorter(most), error -> SqlErrors.isUnsent(error) && SqlErrors.isTransient(error), work);
    }

    private Duration shorter(Duration most) {
        return patience.compareTo(most) < 0 ? patience : most;
    }

    private <R> R repeated(Duration bound, Predicate<RuntimeException> mayBeRepeated, Supplier<R> work) {
        if (closed) { // looked at before anything is sent, so this says that nothing was done
            throw new IllegalStateException("this Millrace is closed");
        }
        long giveUp = System.nanoTime() + bound.toNanos();
        boolean sent = false;
        try (InterruptFlag flag = InterruptFlag.down()) {
            for (int failures = 0; ; failures++) {
                try {
                    return work.get();
                } catch (RuntimeException e) {
                    sent |= SqlErrors.isUnanswered(e);
                    boolean brokenByInterrupt = flag.rose() && SqlErrors.isUnanswered(e);
                    if (SqlErrors.isInterrupted(e)) {
                        throw SqlErrors.interrupted(e, sent);
                    }
                    if (closing || !mayBeRepeated.test(e)) {
                        throw translation.apply(e);
                    }
                    if (!brokenByInterrupt) { // else the next try needs no wait: the database is there
                        pauseOrGiveUp(e, failures, giveUp, bound, flag, sent);
                    }
                    if (closed) {
                        throw translation.apply(e);
                    }
                }
            }
        }
    }

    private static void pauseOrGiveUp(
            RuntimeException error, int failures, long giveUp, Duration bound, InterruptFlag flag, boolean sent) {
        if (flag.isUp()) {
            throw SqlErrors.interrupted(error, sent);
        }
        if (System.nanoTime() - giveUp >= 0) {
            throw SqlErrors.exhausted(error, bound);
        }
        if (SqlErrors.isTimeout(error)) {
            pause(failures, FIRST_PAUSE_OF_TIMEOUTS_MILLIS, LONGEST_PAUSE_OF_TIMEOUTS_MILLIS);
        } else {
            pause(failures);
        }
        if (flag.rose()) {
            throw SqlErrors.interrupted(error, sent);
        }
    }

    /** Waits a random part of a time that doubles with each failure: full jitter, so that clients do not come back as one. */
    static void pause(int failures) {
        pause(failures, FIRST_PAUSE_MILLIS, LONGEST_PAUSE_MILLIS);
    }

    private static void pause(int failures, long firstMillis, long longestMillis) {
        long ceiling = Math.min(longestMillis, firstMillis << Math.min(failures, 10));
        LockSupport.parkNanos(
                TimeUnit.MILLISECONDS.toNanos(ThreadLocalRandom.current().nextLong(1, ceiling + 1)));
    }
}
