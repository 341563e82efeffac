package dev.millrace.process;

import dev.millrace.thread.Threads;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The platform threads that {@link DutyLoop}s share: a loop takes a thread while it has something to do and gives it back
 * when it idles. The number of threads has no bound, since what a loop does may block; a thread that nobody needs ends after
 * five seconds. Thread-safe.
 */
public final class Hands implements AutoCloseable {
    private static final long SPARE_SECONDS = 5;

    private final ScheduledExecutorService clock;
    private final ThreadPoolExecutor threads;

    /** @param clock wakes loops that idle without a thread; stays the caller's */
    public Hands(ScheduledExecutorService clock) {
        this.clock = clock;
        this.threads = new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                SPARE_SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Threads.daemons("millrace-hand-"),
                (late, pool) -> Threads.startDaemon("millrace-hand-late", late)); // a loop that ends after the close
    }

    /** Runs it on a thread, now. */
    void run(Runnable task) {
        threads.execute(task);
    }

    /** Runs something short after that time. */
    Future<?> later(Runnable task, long nanos) {
        return clock.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    /** Lets the threads end that are idle now, and the others when their loops give them back. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
