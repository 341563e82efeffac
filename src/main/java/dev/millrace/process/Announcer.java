package dev.millrace.process;

import dev.millrace.thread.Threads;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a listener of the application's what happened, on a virtual thread that lives while there is something to tell: one
 * that throws or hangs holds up nobody else. What it throws is logged once a second. While it hangs a thousand, or as many as is
 * said, wait for it; more are dropped, and counted.
 * Thread-safe.
 *
 * @param <T> what is told
 */
public final class Announcer<T> {
    private static final Logger log = LoggerFactory.getLogger(Announcer.class);
    static final int WAITING = 1_000;
    private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Consumer<? super T> listener;
    private final Function<? super T, @Nullable LogContext> context;
    private final ArrayBlockingQueue<T> waiting;
    private final AtomicBoolean telling = new AtomicBoolean();
    private final AtomicLong dropped = new AtomicLong();
    private long loggedNanos = System.nanoTime() - LOG_EVERY_NANOS; // of one telling thread at a time, as the next
    private int unlogged;

    /** @param listener called by one thread at a time */
    public Announcer(Consumer<? super T> listener) {
        this(listener, WAITING, news -> null);
    }

    /**
     * As the other one.
     *
     * @param most how many wait for it while it hangs
     * @param context what the log says meanwhile of what it is told; null for nothing
     */
    Announcer(Consumer<? super T> listener, int most, Function<? super T, @Nullable LogContext> context) {
        this.listener = listener;
        this.context = context;
        this.waiting = new ArrayBlockingQueue<>(most);
    }

    /** How many were not told because the listener did not keep up. */
    public long dropped() {
        return dropped.get();
    }

    void offer(T news) {
        if (!waiting.offer(news)) {
            long lost = dropped.incrementAndGet();
            if (Long.bitCount(lost) == 1) { // the 1st, 2nd, 4th, 8th …
                log.warn("a listener does not keep up; dropped={}", lost);
            }
        }
        tellOnAThread();
    }

    private void tellOnAThread() {
        if (telling.compareAndSet(false, true)) {
            Threads.startVirtual("millrace-listener", this::tell);
        }
    }

    private void tell() {
        try {
            for (T news = waiting.poll(); news != null; news = waiting.poll()) {
                tell(news);
            }
        } finally {
            telling.set(false);
        }
        if (!waiting.isEmpty()) { // it came while this thread was leaving
            tellOnAThread();
        }
    }

    private void tell(T news) {
        LogContext said = context.apply(news);
        try {
            listener.accept(news);
        } catch (Throwable e) { // the application's code: its errors are its own
            failed(e);
        } finally {
            if (said != null) {
                said.restore();
            }
        }
    }

    private void failed(Throwable error) {
        long now = System.nanoTime();
        if (now - loggedNanos < LOG_EVERY_NANOS) {
            unlogged++;
            return;
        }
        log(error);
        loggedNanos = now;
        unlogged = 0;
    }

    private void log(Throwable error) {
        try {
            log.error("a listener failed; others={}", unlogged, error);
        } catch (Throwable undescribable) {
            log.error("a listener failed; others={} {}", unlogged, error.getClass());
        }
    }
}
