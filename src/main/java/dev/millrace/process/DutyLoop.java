package dev.millrace.process;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owns a thread that repeats a duty until it is stopped: the duty says how long to idle, a wake-up cuts that short. Whatever
 * a duty throws is reported, and the duty is tried again after a random part of a pause that doubles up to a second, so
 * that many loops do not come back to a database as one. Thread-safe; may be started and stopped any number of times, in
 * any order.
 */
public final class DutyLoop implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DutyLoop.class);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 1_000;

    private final String name;
    private final Duty duty;
    private final Troubles troubles;
    private final Runnable whenEnded;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private @Nullable Thread thread; // guarded by lock
    private boolean stopping; // guarded by lock
    private boolean awake; // guarded by lock: a wake-up that came while the duty ran
    private int failures; // in a row; confined to the loop's thread

    /** A loop that does not run yet; its thread will be called {@code millrace-} and the name. */
    public DutyLoop(String name, Duty duty, Troubles troubles) {
        this(name, duty, troubles, () -> {});
    }

    /** As {@link #DutyLoop(String, Duty, Troubles)}; the loop's thread runs {@code whenEnded} each time before it goes. */
    public DutyLoop(String name, Duty duty, Troubles troubles, Runnable whenEnded) {
        this.name = "millrace-" + name;
        this.duty = duty;
        this.troubles = troubles;
        this.whenEnded = whenEnded;
    }

    /** Work that is done over and over. */
    @FunctionalInterface
    public interface Duty {
        /**
         * Does what there is to do now.
         *
         * @return how long to idle unless woken; zero to go on at once
         */
        Duration perform() throws InterruptedException;
    }

    /** Starts the thread, unless it runs. A loop that is stopping is waited for and started anew. */
    public void start() {
        lock.lock();
        try {
            while (thread != null && stopping) {
                changed.awaitUninterruptibly();
            }
            if (thread == null) {
                stopping = false;
                awake = false;
                thread = Thread.ofPlatform().name(name).daemon().start(this::run);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Ends the idling of the moment, or of the next time. */
    public void wake() {
        lock.lock();
        try {
            awake = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Asks the loop to end after what it is doing; returns at once. */
    public void stop() {
        lock.lock();
        try {
            if (thread != null) {
                stopping = true;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whether the thread is there and has not been asked to end. */
    public boolean isRunning() {
        lock.lock();
        try {
            return thread != null && !stopping;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the thread is there, even if it has been asked to end. */
    public boolean isAlive() {
        lock.lock();
        try {
            return thread != null;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the thread is gone; false if it still was there after that time. */
    public boolean awaitStopped(Duration patience) throws InterruptedException {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (thread != null && left > 0) {
                left = changed.awaitNanos(left);
            }
            return thread == null;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #stop}, and interrupts what it is doing. */
    public void hurry() {
        lock.lock();
        try {
            if (thread != null) {
                stopping = true;
                changed.signalAll();
                thread.interrupt();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Stops and waits up to ten seconds; interrupts the thread after half of it. */
    @Override
    public void close() {
        stop();
        try {
            if (!awaitStopped(Duration.ofSeconds(5))) {
                hurry();
                if (!awaitStopped(Duration.ofSeconds(5))) {
                    log.warn("loop={} did not end within 10 s of being asked", name);
                }
            }
        } catch (InterruptedException e) {
            hurry();
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            boolean goOn = true;
            while (goOn) {
                goOn = survive();
            }
            whenEnded.run();
        } finally {
            lock.lock();
            try {
                thread = null;
                stopping = false;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** As {@link #repeat}, where there may not even be the memory to wait or to report. */
    private boolean survive() {
        try {
            return repeat();
        } catch (Throwable e) {
            troubles.check(e);
            return isRunning();
        }
    }

    /** Once more, and the idling after it; false when the loop shall end. */
    private boolean repeat() {
        try {
            Duration idle = duty.perform();
            failures = 0;
            return idle(idle, true);
        } catch (InterruptedException e) {
            return idle(Duration.ZERO, true); // asked to hurry: the stop flag decides
        } catch (Throwable e) { // the loop must outlive whatever its duty throws
            troubles.report(name, e);
            return idle(afterFailure(), false);
        }
    }

    private Duration afterFailure() {
        long ceiling = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures, 10));
        failures++;
        return Duration.ofMillis(1 + ThreadLocalRandom.current().nextLong(ceiling));
    }

    /** Returns false when the loop shall end. */
    private boolean idle(Duration time, boolean wakeable) {
        lock.lock();
        try {
            long left = TimeUnit.NANOSECONDS.convert(time); // which stops at 292 years
            while (!stopping && !(wakeable && awake) && left > 0) {
                left = changed.awaitNanos(left);
            }
            awake = false;
            return !stopping;
        } catch (InterruptedException e) {
            return !stopping;
        } finally {
            lock.unlock();
        }
    }
}
