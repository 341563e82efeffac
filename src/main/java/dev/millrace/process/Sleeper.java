package dev.millrace.process;

import dev.millrace.store.Sleepers;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a loop with a thread of its own waits when it has found nothing to do. It looks again a few times, soon; then, if notifications arrive in this
 * process, it has the database notify it and looks once more, because what was added in between was not told; from then on
 * it looks after as long as it has slept already, up to {@link #LONGEST}. So what a transaction added before the declaration
 * and committed after it is found by the time it has waited twice. While notifications do not arrive it polls.
 *
 * <p>It stays declared while it works now and then, so that it does not write at each event. It withdraws when it has not been
 * idle for a while or is notified too often: then looking is cheaper than being told, and nobody who appends should pay
 * for a notification. A second later it may declare itself again.
 *
 * <p>Confined to the loop's thread, but for {@link #alarm}.
 */
public final class Sleeper {
    /** Between looks of a sleeper, unless it was told to look less often; with jitter of a quarter. */
    static final Duration LONGEST = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(Sleeper.class);
    private static final long LEAST_SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long BUSY_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int MOST_ALARMS =
            250; // a second: two hundred commits a second are far from needing group commit

    private final int flow;
    private final Sleepers sleepers;
    private final LongSupplier hearing;
    private final Supplier<Optional<UUID>> self;
    private final Looks looks;
    private @Nullable Declaration declared;
    private int empty; // looks in a row that found nothing
    private boolean busy;
    private long busyNanos; // since when
    private long mayDeclareNanos = System.nanoTime();
    private int alarms; // since alarmsNanos; guarded by this
    private long alarmsNanos = System.nanoTime(); // guarded by this

    /**
     * When to look while there is nothing.
     *
     * @param first after the first look that found nothing; doubles with each further one
     * @param soon how many looks come after such pauses
     * @param poll between looks while notifications do not arrive; if longer than two seconds, also of a sleeper
     */
    public record Looks(Duration first, int soon, Duration poll) {
        Duration after(int empty) {
            return first.multipliedBy(1L << (Math.min(empty, soon) - 1));
        }
    }

    private record Declaration(UUID worker, long hearing, long nanos) {}

    /**
     * @param flow whose events it waits for, or {@link Sleepers#SCHEDULE}
     * @param hearing as {@link Listener#hearing}
     * @param self the id to act under, unless the lease is in doubt
     */
    public Sleeper(int flow, Sleepers sleepers, LongSupplier hearing, Supplier<Optional<UUID>> self, Looks looks) {
        this.flow = flow;
        this.sleepers = sleepers;
        this.hearing = hearing;
        this.self = self;
        this.looks = looks;
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

    private boolean isAsleep() {
        Declaration now = declared;
        return now != null && now.hearing() == hearing.getAsLong() && isSelf(now.worker());
    }

    private boolean isSelf(UUID worker) {
        return self.get().filter(worker::equals).isPresent();
    }

    /** There was something, or no room for it. Returns the time until the next look, which is the caller's. */
    public Duration busy(Duration untilNext) {
        long now = System.nanoTime();
        empty = 0;
        if (!busy) {
            busy = true;
            busyNanos = now;
        }
        if (declared != null && (now - busyNanos > BUSY_NANOS || isAlarmedTooOften())) {
            withdraw();
        }
        return untilNext;
    }

    /** There was nothing. Says how long to wait; zero to look once more at once. */
    public Duration nothing() {
        long now = System.nanoTime();
        busy = false;
        empty++;
        Declaration current = declared;
        if (current != null && (!isAsleep() || isAlarmedTooOften())) {
            withdraw();
        } else if (current != null) {
            return sleep(now - current.nanos());
        }
        if (empty <= looks.soon()) {
            return shorter(looks.after(empty), looks.poll());
        }
        long ears = hearing.getAsLong();
        if (ears == 0) {
            return jittered(looks.poll().toNanos(), 2); // of a half
        }
        if (now - mayDeclareNanos < 0) {
            return shorter(looks.after(empty), looks.poll());
        }
        return declare(ears) ? Duration.ZERO : jittered(looks.poll().toNanos(), 2);
    }

    private Duration sleep(long sinceNanos) {
        long most = Math.max(LONGEST.toNanos(), looks.poll().toNanos());
        return jittered(Math.clamp(sinceNanos, LEAST_SLEEP_NANOS, most), 4);
    }

    private boolean declare(long ears) {
        UUID worker = self.get().orElse(null);
        if (worker == null || !sleepers.declare(flow, worker)) {
            return false; // the lease is in doubt or lost: that is seen to elsewhere
        }
        declared = new Declaration(worker, ears, System.nanoTime());
        return true;
    }

    private void withdraw() {
        Declaration old = declared;
        declared = null;
        mayDeclareNanos = System.nanoTime() + SECOND_NANOS;
        if (old == null) {
            return;
        }
        try {
            sleepers.withdraw(flow, old.worker());
        } catch (RuntimeException e) { // it then is notified in vain, until its registration goes
            log.debug("flow={} could not withdraw from being notified: {}", flow, e.getMessage());
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    /** So long, give or take a random part of it: a half, a quarter. */
    private static Duration jittered(long nanos, int part) {
        long spread = nanos / part;
        return Duration.ofNanos(nanos - spread + ThreadLocalRandom.current().nextLong(2 * spread + 1));
    }
}
