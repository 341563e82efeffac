package dev.millrace.process;

import dev.millrace.store.SqlErrors;
import dev.millrace.store.Workers;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process's place among the workers, and the lease that keeps its claims alive.
 *
 * <p>The lease is a row that the worker renews every third of its length, on a connection of its own; whether it has run
 * out is judged by the database's clock alone. The worker trusts it for less: when the last renewal was sent more than
 * 80 % of the lease ago by {@code nanoTime}, it neither claims nor settles until it has renewed. When a renewal finds the
 * row gone, the worker has been taken for dead and its events are with others: it drops what it holds, interrupts its
 * handlers, and comes back under a fresh random id. Ids are never the host's or the process's, which are used again.
 *
 * <p>The same when the database goes on with another history, after a failover or a restore that lost what was acknowledged:
 * the worker learns that from the server's timeline, or from a registration whose last renewal is older than the last one that
 * it heard of. Attempt numbers come again there, so nothing of that worker's id may.
 *
 * <pre>
 *   start ──register──▶ held ──80 % without renewal──▶ doubtful ──renewed──▶ held
 *                         │                                │
 *                         └──────── row is gone ───────────┴──▶ lost ──register anew──▶ held
 * </pre>
 *
 * <p>Thread-safe.
 */
public final class Lease {
    private static final Logger log = LoggerFactory.getLogger(Lease.class);
    private static final long LONGEST_PAUSE_MILLIS = 500;

    private final Workers workers;
    private final Duration length;
    private final BooleanSupplier hears;
    private final Runnable whenLost;
    private final Troubles troubles;
    private final DutyLoop loop;
    private volatile Holding holding = new Holding(UUID.randomUUID(), 0, false, Workers.NEVER);
    private volatile boolean moved;
    private volatile boolean stopping;
    private boolean started; // guarded by this

    /**
     * What is known of the lease at one moment.
     *
     * @param seen the last renewal that was heard of, by the database's clock
     */
    private record Holding(UUID worker, long renewedNanos, boolean registered, OffsetDateTime seen) {}

    /**
     * @param hears whether this process hears notifications: said with each renewal
     * @param whenLost drops everything that was claimed; called before the worker registers anew
     */
    public Lease(Workers workers, Duration length, BooleanSupplier hears, Runnable whenLost, Troubles troubles) {
        this.workers = workers;
        this.length = length;
        this.hears = hears;
        this.whenLost = whenLost;
        this.troubles = troubles;
        this.loop = new DutyLoop("lease", this::cycle, troubles);
    }

    /** The id to claim under now. Changes when the lease is lost. */
    public UUID worker() {
        return holding.worker();
    }

    /** Whether the worker may claim and settle: it renewed within 80 % of the lease. */
    public boolean isSafe() {
        return isSafe(holding);
    }

    private boolean isSafe(Holding now) {
        return now.registered() && !moved && System.nanoTime() - now.renewedNanos() < safeNanos();
    }

    /** The id to act under, unless the lease is in doubt. */
    public Optional<UUID> safeWorker() {
        Holding now = holding;
        return isSafe(now) ? Optional.of(now.worker()) : Optional.empty();
    }

    /** The lease's length. */
    public Duration length() {
        return length;
    }

    /** Renews at once, to say what has changed. Without effect before the start: the registration will say it. */
    public void renewSoon() {
        loop.wake();
    }

    /** Registers and begins to renew, unless that has been done. */
    public synchronized void start() {
        if (!started) {
            register();
            loop.start();
            started = true;
        }
    }

    private void register() {
        moved = false; // before it registers: a history that begins now is one of the next registration
        long sent = System.nanoTime();
        UUID worker = workers.register(host(), ProcessHandle.current().pid(), version(), length);
        holding = new Holding(worker, sent, true, Workers.NEVER);
    }

    /**
     * Another history of the database goes on than the one that this worker claimed in: claims and settles nothing more under
     * its id. It registers anew soon. Returns at once.
     */
    public void moved() {
        moved = true;
        loop.wake();
    }

    private Duration cycle() {
        Holding before = holding;
        if (moved && before.registered()) {
            beginAnew(before.worker());
            return Duration.ZERO;
        }
        if (!before.registered()) {
            register(); // after a loss; if it fails, the loop tries again
            return isSafe() ? interval() : Duration.ZERO;
        }
        long sent = System.nanoTime();
        Optional<OffsetDateTime> renewed;
        boolean wentBack;
        try {
            renewed = workers.renew(before.worker(), length, hears.getAsBoolean(), stopping, before.seen());
            wentBack = renewed.isEmpty() && workers.isRegistered(before.worker());
        } catch (RuntimeException e) {
            troubles.report("lease of " + before.worker(), e);
            return pause(SqlErrors.isTimeout(e));
        }
        if (renewed.isPresent()) {
            holding = new Holding(before.worker(), sent, true, renewed.get());
            return interval();
        }
        if (wentBack) {
            beginAnew(before.worker());
        } else {
            lose(before.worker());
        }
        return Duration.ZERO;
    }

    private void lose(UUID worker) {
        log.error(
                "worker={} its lease ran out and others have taken its events: dropping them, registering anew",
                worker);
        drop(worker);
    }

    private void drop(UUID worker) {
        holding = new Holding(worker, 0, false, Workers.NEVER);
        whenLost.run();
    }

    /**
     * The database lost what it had acknowledged, and with it perhaps claims of this worker, whose attempt numbers come again:
     * they must not come under this worker's id. What the registration holds there goes back without a death.
     */
    private void beginAnew(UUID worker) {
        log.error(
                "worker={} the database lost what it had acknowledged, after a failover or a restore: dropping all events,"
                        + " registering anew",
                worker);
        drop(worker);
        try {
            int left = workers.leave(worker);
            log.warn("worker={} events={} went back", worker, left);
        } catch (RuntimeException e) { // its lease runs out instead
            log.warn("worker={} could not give back what it held: {}", worker, e.getMessage());
        }
    }

    private Duration interval() {
        return length.dividedBy(3);
    }

    private long safeNanos() {
        return length.toNanos() / 5 * 4;
    }

    /**
     * A random part of a quarter of the interval: what is left of a lease after an outage may be short. After a time-out the
     * whole interval: the server may still be at work on the last try, and a renewal that was held up is one all the same.
     */
    private Duration pause(boolean timedOut) {
        long quarter = Math.min(LONGEST_PAUSE_MILLIS, interval().toMillis() / 4);
        long ceiling = timedOut ? interval().toMillis() : quarter;
        return Duration.ofMillis(1 + ThreadLocalRandom.current().nextLong(ceiling));
    }

    /**
     * The process has been asked to stop: says so with a renewal that is sent at once, and with each that follows. Should it be
     * killed before it can leave, what it holds then goes back without a death. Returns without waiting for the answer.
     */
    public void stopping() {
        stopping = true;
        loop.wake();
    }

    /** The loop that renews. */
    public DutyLoop loop() {
        return loop;
    }

    /**
     * Leaves, once the loop has ended; what is still held goes back. If the database cannot be reached, the lease runs out
     * instead, and what is held goes back with a death on it.
     */
    public void leave() {
        Holding last = holding;
        try {
            int left = last.registered() ? workers.leave(last.worker()) : 0;
            if (left > 0) {
                log.warn("worker={} events={} went back when it left", last.worker(), left);
            }
        } catch (RuntimeException e) {
            log.warn("worker={} could not say goodbye; its lease will run out: {}", last.worker(), e.getMessage());
        } finally {
            holding = new Holding(last.worker(), 0, false, Workers.NEVER);
            workers.close();
        }
    }

    /** Breaks off a renewal under way. */
    public void breakOff() {
        workers.breakOff();
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "unknown"; // it only tells people where a worker runs
        }
    }

    private static String version() {
        @Nullable String version = Lease.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
