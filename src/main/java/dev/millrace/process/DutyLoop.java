package dev.millrace.process;

import dev.millrace.store.SqlErrors;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats a duty until it is stopped: the duty says how long to idle, a wake-up cuts that short. Whatever
 * a duty throws is reported, and the duty is tried again after a random part of a pause that doubles up to a second, after a
 * time-out of the database up to five, so that many loops do not come back to a database as one. Thread-safe; may be started and stopped any number of times, in
 * any order.
 *
 * <p>A loop owns a thread, or takes one from {@link Hands} and gives it back when it idles: then an idle loop costs no thread.
 *
 * <pre>
 *   ENDED ──start──▶ ACTIVE ──idles, with hands──▶ DORMANT
 *     ▲               │  ▲                            │
 *     └─────stop──────┘  └────woken, time up, stop────┘
 * </pre>
 */
public final class DutyLoop implements AutoCloseable {
    /** An idle time that only a wake-up or a stop ends. */
    public static final Duration UNTIL_WOKEN = Duration.ofDays(36_500);

    /** As {@link #UNTIL_WOKEN}; a shared thread is given back at once. */
    public static final Duration AT_REST = Duration.ofDays(36_501);

    private static final Logger log = LoggerFactory.getLogger(DutyLoop.class);
    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 1_000;

    /** Each try after a time-out may cost the server a session more, until it has done what it did not answer. */
    private static final int LONGER_AFTER_TIMEOUTS = 5;

    /** How long a loop keeps a shared thread while it idles for some time: a busy loop is never without one. */
    private static final long LINGER_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    /** Until the next attempt to get a thread, after the JVM could not make one. */
    private static final long THREAD_RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String name;
    private final Duty duty;
    private final Troubles troubles;
    private final Life life;
    private final @Nullable Hands hands;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private State state = State.ENDED; // guarded by lock
    private @Nullable Thread thread; // guarded by lock: runs the duty while ACTIVE
    private @Nullable Future<?> timer; // guarded by lock: ends the idling while DORMANT
    private boolean stopping; // guarded by lock
    private boolean awake; // guarded by lock: a wake-up that came while the duty ran
    private int failures; // in a row; confined to the thread that runs the duty

    private enum State {
        ENDED,
        ACTIVE,
        DORMANT
    }

    private enum Next {
        GO_ON,
        /** Without this thread. */
        LET_GO,
        END
    }

    /** A loop that does not run yet; its thread will be called {@code millrace-} and the name. */
    public DutyLoop(String name, Duty duty, Troubles troubles) {
        this(name, duty, troubles, () -> {});
    }

    /** As {@link #DutyLoop(String, Duty, Troubles)}; the loop's thread runs {@code whenEnded} each time before it goes. */
    public DutyLoop(String name, Duty duty, Troubles troubles, Runnable whenEnded) {
        this(name, duty, troubles, new EndOnly(whenEnded), null);
    }

    /** As the others; takes its threads from {@code hands}, and has a thread of its own if that is null. */
    public DutyLoop(String name, Duty duty, Troubles troubles, Life life, @Nullable Hands hands) {
        this.name = "millrace-" + name;
        this.duty = duty;
        this.troubles = troubles;
        this.life = life;
        this.hands = hands;
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

    /** What goes with the running of a loop. */
    public interface Life {
        /** The loop is about to start; on the thread that starts it, which waits. */
        void begins();

        /** The loop has done its duty for the last time; once for each {@link #begins}, and before it counts as stopped. */
        void ends();
    }

    private record EndOnly(Runnable whenEnded) implements Life {
        @Override
        public void begins() {}

        @Override
        public void ends() {
            whenEnded.run();
        }
    }

    /** Starts the loop, unless it runs. A loop that is stopping is waited for and started anew. */
    public void start() {
        lock.lock();
        try {
            while (state != State.ENDED && stopping) {
                changed.awaitUninterruptibly();
            }
            if (state == State.ENDED) {
                stopping = false;
                awake = false;
                life.begins();
                begin();
            }
        } finally {
            lock.unlock();
        }
    }

    private void begin() {
        boolean begun = false;
        try {
            activate();
            begun = true;
        } finally {
            if (!begun) { // there was no thread to be had
                state = State.ENDED;
                life.ends();
            }
        }
    }

    private void activate() {
        Future<?> pending = timer;
        timer = null;
        if (pending != null) {
            pending.cancel(false);
        }
        Hands shared = hands;
        state = State.ACTIVE;
        if (shared == null) {
            thread = Threads.startDaemon(name, this::run);
        } else {
            shared.run(this::runOnSharedThread);
        }
    }

    /** Ends the idling of the moment, or of the next time. */
    public void wake() {
        lock.lock();
        try {
            awake = true;
            rouse();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Gives a dormant loop a thread again; if there is none, a second later. */
    private void rouse() {
        Hands shared = hands;
        if (state != State.DORMANT || shared == null) {
            return;
        }
        try {
            activate();
        } catch (Throwable e) { // whoever wakes it must not pay for it
            state = State.DORMANT;
            troubles.report(name, e);
            timer = shared.later(this::timeIsUp, THREAD_RETRY_NANOS);
        }
    }

    private void timeIsUp() {
        lock.lock();
        try {
            rouse();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Asks the loop to end after what it is doing; returns at once.
     *
     * @return whether it ran and had not been asked before
     */
    public boolean stop() {
        lock.lock();
        try {
            if (state == State.ENDED || stopping) {
                return false;
            }
            stopping = true;
            rouse();
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the loop was started and has not been asked to end. */
    public boolean isRunning() {
        lock.lock();
        try {
            return state != State.ENDED && !stopping;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the loop was started and has not ended, even if it has been asked to. */
    public boolean isAlive() {
        lock.lock();
        try {
            return state != State.ENDED;
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the loop has ended; false if it still had not after that time. */
    public boolean awaitStopped(Duration patience) throws InterruptedException {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (state != State.ENDED && left > 0) {
                left = changed.awaitNanos(left);
            }
            return state == State.ENDED;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #stop}, and interrupts what it is doing. */
    public void hurry() {
        lock.lock();
        try {
            stop();
            Thread current = thread;
            if (current != null) {
                current.interrupt();
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

    private void runOnSharedThread() {
        Thread current = Thread.currentThread();
        String spare = current.getName();
        lock.lock();
        try {
            thread = current;
            awake = false; // what woke it is served by what it does now
        } finally {
            lock.unlock();
        }
        current.setName(name);
        try {
            run();
        } finally {
            current.setName(spare);
        }
    }

    private void run() {
        Next next = isStopping() ? Next.END : Next.GO_ON;
        try {
            while (next == Next.GO_ON) {
                next = survive();
            }
            if (next == Next.END) {
                life.ends();
            }
        } finally {
            if (next != Next.LET_GO) { // else another thread may run the loop by now
                ended();
            }
        }
    }

    private boolean isStopping() {
        lock.lock();
        try {
            return stopping;
        } finally {
            lock.unlock();
        }
    }

    private void ended() {
        lock.lock();
        try {
            state = State.ENDED;
            thread = null;
            stopping = false;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #repeat}, where there may not even be the memory to wait or to report. */
    private Next survive() {
        try {
            return repeat();
        } catch (Throwable e) {
            troubles.check(e);
            return isRunning() ? Next.GO_ON : Next.END;
        }
    }

    /** Once more, and the idling after it. */
    private Next repeat() {
        try {
            Duration idle = duty.perform();
            failures = 0;
            return idle(idle, true);
        } catch (InterruptedException e) {
            return idle(Duration.ZERO, true); // asked to hurry: the stop flag decides
        } catch (Throwable e) { // the loop must outlive whatever its duty throws
            troubles.report(name, e);
            return idle(afterFailure(e), false);
        }
    }

    private Duration afterFailure(Throwable error) {
        int times = SqlErrors.isTimeout(error) ? LONGER_AFTER_TIMEOUTS : 1;
        long ceiling = times * Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures, 10));
        failures++;
        return Duration.ofMillis(1 + ThreadLocalRandom.current().nextLong(ceiling));
    }

    private Next idle(Duration time, boolean wakeable) {
        lock.lock();
        try {
            long left = TimeUnit.NANOSECONDS.convert(time); // which stops at 292 years
            long apart = wakeable ? withoutThread(time, left) : 0;
            long here = left - apart;
            while (!stopping && !(wakeable && awake) && here > 0) {
                here = changed.awaitNanos(here);
            }
            if (apart > 0 && !stopping && !awake) {
                letGo(time, apart);
                return Next.LET_GO;
            }
            awake = false;
            return stopping ? Next.END : Next.GO_ON;
        } catch (InterruptedException e) {
            return stopping ? Next.END : Next.GO_ON;
        } finally {
            lock.unlock();
        }
    }

    /** How much of an idle time passes without a thread. */
    private long withoutThread(Duration time, long nanos) {
        if (hands == null) {
            return 0;
        }
        return time.equals(AT_REST) ? nanos : Math.max(0, nanos - LINGER_NANOS);
    }

    private void letGo(Duration time, long nanos) {
        Hands shared = hands;
        if (shared != null && time.compareTo(UNTIL_WOKEN) < 0) {
            timer = shared.later(this::timeIsUp, nanos); // first: it may fail
        }
        state = State.DORMANT;
        thread = null;
    }
}
