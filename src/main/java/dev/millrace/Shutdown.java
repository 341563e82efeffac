package dev.millrace;

import dev.millrace.event.MillraceException;
import dev.millrace.process.Books;
import dev.millrace.process.DutyLoop;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a Millrace, in bounded time whatever the database does: claims no more, gives back what has not started, waits
 * a grace for what runs, interrupts and gives back the rest, writes what it can, and leaves. After the grace each step has
 * its share of two seconds; what is not done by then is left to the lease. Thread-safe; happens once.
 */
final class Shutdown {
    private static final Logger log = LoggerFactory.getLogger(Shutdown.class);
    private static final Duration FOR_CLAIMS = Duration.ofMillis(300);
    private static final Duration FOR_ANSWERS = Duration.ofMillis(900);
    private static final Duration FOR_LOOPS = Duration.ofMillis(200);
    private static final Duration FOR_LEAVING = Duration.ofMillis(400);
    private static final Duration FOR_THE_LAST_LOOK = Duration.ofMillis(400);
    private static final Duration FOR_THE_POOL = Duration.ofMillis(200);

    private final Machinery machinery;
    private final @Nullable AutoCloseable pool;
    private final Books books;
    private final CountDownLatch done = new CountDownLatch(1);
    private boolean begun; // guarded by this
    private @Nullable Thread hook; // guarded by this
    private volatile long graceEnds; // by nanoTime
    private volatile boolean over;

    /** @param pool closed in the end; null for none */
    Shutdown(Machinery machinery, @Nullable AutoCloseable pool) {
        this.machinery = machinery;
        this.pool = pool;
        this.books = machinery.worker().books();
    }

    /** Has the JVM close the Millrace when it shuts down, unless that has been done. */
    synchronized void hook(Runnable close) {
        if (begun) {
            throw new IllegalStateException("this Millrace is closed");
        }
        if (hook == null) {
            Thread fresh = Threads.user("millrace-shutdown", close);
            Runtime.getRuntime().addShutdownHook(fresh);
            hook = fresh;
        }
    }

    private synchronized void unhook() {
        Thread registered = hook;
        if (registered != null) {
            try {
                Runtime.getRuntime().removeShutdownHook(registered);
            } catch (IllegalStateException e) {
                log.debug("the JVM is shutting down: its hook runs already");
            }
        }
    }

    /** Whether it has begun. */
    synchronized boolean hasBegun() {
        return begun;
    }

    /** Whether it has come so far that nothing may use the database any more; what runs in the grace may. */
    boolean isOver() {
        return over;
    }

    /**
     * Does it; if it is under way already, shortens its grace and waits for its end.
     *
     * @param executors the loops that claim
     */
    void run(Duration grace, List<DutyLoop> executors) {
        long ends = System.nanoTime() + grace.toNanos();
        boolean first;
        synchronized (this) {
            first = !begun;
            begun = true;
            if (first || ends - graceEnds < 0) {
                graceEnds = ends;
            }
        }
        boolean interrupted = Thread.interrupted();
        if (first) {
            try {
                interrupted |= end(executors);
            } finally {
                done.countDown();
            }
        } else {
            books.look(); // the grace may have become shorter
            interrupted |= awaitEnd();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean awaitEnd() {
        try {
            done.await();
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    /** Says whether it was interrupted; that ends the grace. */
    private boolean end(List<DutyLoop> executors) {
        List<DutyLoop> loops =
                Stream.concat(executors.stream(), machinery.chores().stream()).toList();
        machinery.worker().lease().stopping(); // first: it may be killed at any moment from now on
        executors.forEach(DutyLoop::stop);
        machinery.stopChores();
        boolean interrupted = release(() -> graceEnds);
        machinery.store().closing();
        interrupted |= within(FOR_ANSWERS, until -> books.awaitNone(() -> until));
        DutyLoop settler = machinery.worker().settler().loop();
        DutyLoop renewal = machinery.worker().lease().loop();
        settler.stop();
        renewal.stop();
        List<DutyLoop> all =
                Stream.concat(loops.stream(), Stream.of(settler, renewal)).toList();
        interrupted |= within(FOR_LOOPS, until -> awaitStopped(all, until));
        if (all.stream().anyMatch(DutyLoop::isAlive)) {
            all.forEach(DutyLoop::hurry);
            machinery.store().breakOff();
            if (renewal.isAlive()) { // else its connection is good for the goodbye
                machinery.worker().lease().breakOff();
            }
            interrupted |= within(FOR_LOOPS, until -> awaitStopped(all, until));
        }
        if (machinery.hasStarted() && !renewal.isAlive()) {
            aside("millrace-leave", FOR_LEAVING, machinery.worker().lease()::leave);
        }
        aside("millrace-last-look", FOR_THE_LAST_LOOK, this::lookOnceMore);
        books.letGo();
        over = true; // before those who wait are let go: they look once more
        machinery.store().closed();
        machinery.waiters().close();
        machinery.followers().close();
        machinery.hands().close();
        machinery.clocks().shutdownNow();
        closePool();
        machinery.keepAlive().close();
        unhook();
        return interrupted;
    }

    /**
     * Claims no more, and lets go of what is claimed: what has not started at once, what runs when the grace is over.
     *
     * @return whether it was interrupted; that ends the grace
     */
    boolean release(LongSupplier until) {
        machinery.worker().brake().pull();
        boolean interrupted = false;
        try {
            books.still(FOR_CLAIMS, () -> true); // lets claims under way arrive; they go back by themselves
            books.giveBackWaiting();
            if (books.awaitNone(until)) {
                return false;
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        log.warn("events={} are interrupted and given back: the grace is over", books.count());
        books.giveBackAll();
        return interrupted;
    }

    /** What ended in the grace is told to those who wait for it; the others hear that this is closed. */
    private void lookOnceMore() {
        for (Runnable look : List.<Runnable>of(machinery.waiters()::lastLook, machinery.followers()::lastLook)) {
            try {
                look.run();
            } catch (MillraceException e) {
                log.warn("whether what is awaited has ended could not be asked before the end: {}", e.getMessage());
            }
        }
    }

    private static void awaitStopped(List<DutyLoop> loops, long until) throws InterruptedException {
        for (DutyLoop loop : loops) {
            loop.awaitStopped(Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        }
    }

    private void closePool() {
        AutoCloseable closed = pool;
        if (closed != null) {
            aside("millrace-pool", FOR_THE_POOL, () -> {
                try {
                    closed.close();
                } catch (Exception e) {
                    log.warn("the connection pool could not be closed", e);
                }
            });
        }
    }

    /** Does something that may hang on a thread of its own, and waits for it so long. */
    private static void aside(String name, Duration patience, Runnable work) {
        Thread thread = Threads.startDaemon(name, work);
        try {
            if (!thread.join(patience)) {
                log.warn("thread={} did not end within {}; it is left behind", name, patience);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private interface Step {
        void run(long untilNanos) throws InterruptedException;
    }

    /** Does a step that may wait so long; says whether it was interrupted. */
    private static boolean within(Duration time, Step step) {
        try {
            step.run(System.nanoTime() + time.toNanos());
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }
}
