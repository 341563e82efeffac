package dev.millrace.process;

import dev.millrace.store.Sleepers.Lane;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How the loop of one executor waits when it has found nothing to do. It looks again a few times, soon; then it sleeps, and
 * the {@link IdleWatch} looks for it and wakes it. It stays declared as a sleeper while it works now and then, so that nothing is
 * written at each event. It is withdrawn when it has not been idle for a while or is notified too often: then looking is
 * cheaper than being told, and nobody who appends should pay for a notification. A second later it may sleep again.
 *
 * <p>Confined to the loop, except for {@link #alarm}.
 */
public final class Idler {
    /** Once the queue is empty the loop looks again after 1, 2, 4, 8 and 16 ms before it sleeps. */
    private static final Duration FIRST_PAUSE = Duration.ofMillis(1);

    private static final int SOON = 5;
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int MOST_ALARMS =
            250; // a second: two hundred commits a second are far from needing group commit

    private final IdleWatch watch;
    private final IdleWatch.Place place;
    private final Duration poll;
    private boolean begun;
    private int empty; // looks in a row that found nothing
    private boolean busy;
    private long busyNanos; // since when
    private long maySleepNanos = System.nanoTime();
    private int alarms; // since alarmsNanos; guarded by this
    private long alarmsNanos = System.nanoTime(); // guarded by this

    /**
     * @param lanes where its events queue
     * @param poll between looks while notifications do not arrive
     * @param wake has the loop do its duty
     */
    public Idler(IdleWatch watch, List<Lane> lanes, Duration poll, Runnable wake) {
        this.watch = watch;
        this.place = new IdleWatch.Place(lanes, poll, wake);
        this.poll = poll;
    }

    /** So many notifications came: there may be something. From any thread. */
    public synchronized void alarm(int times) {
        long now = System.nanoTime();
        if (now - alarmsNanos > SECOND_NANOS) {
            alarmsNanos = now;
            alarms = 0;
        }
        alarms = Math.min(alarms, MOST_ALARMS) + times;
    }

    private synchronized boolean isAlarmedTooOften() {
        return alarms > MOST_ALARMS && System.nanoTime() - alarmsNanos <= SECOND_NANOS;
    }

    /** The loop begins a cycle. The first time since it was started it need not: the watch looks for it. */
    boolean sleepsFirst() {
        if (begun) {
            watch.rise(place);
            return false;
        }
        begun = true;
        watch.sleepAnew(place);
        return true;
    }

    /** There was something, or no room for it. Returns the time until the next look, which is the caller's. */
    Duration busy(Duration untilNext) {
        long now = System.nanoTime();
        empty = 0;
        if (!busy) {
            busy = true;
            busyNanos = now;
        }
        if (now - busyNanos > BUSY_NANOS || isAlarmedTooOften()) {
            withdraw();
        }
        return untilNext;
    }

    /** There was nothing. Says how long to wait. */
    Duration nothing() {
        busy = false;
        empty++;
        if (isAlarmedTooOften()) {
            withdraw();
        }
        boolean tooSoon = System.nanoTime() - maySleepNanos < 0;
        if (tooSoon || (empty <= SOON && !watch.expects(place))) {
            return shorter(FIRST_PAUSE.multipliedBy(1L << (Math.min(empty, SOON) - 1)), poll);
        }
        watch.sleep(place);
        return DutyLoop.UNTIL_WOKEN;
    }

    private void withdraw() {
        if (watch.withdraw(place)) {
            maySleepNanos = System.nanoTime() + SECOND_NANOS;
        }
    }

    /** The loop ends: nobody need notify it. */
    void leave() {
        boolean unused = watch.withdraw(place);
        begun = false;
        empty = 0;
        busy = false;
        maySleepNanos = System.nanoTime();
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
