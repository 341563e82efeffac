package dev.millrace.maintain;

import dev.millrace.store.Workers;
import dev.millrace.store.Workers.Rescued;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the events of dead workers back, one worker at a time. Only a worker that has itself held its lease for one whole
 * lease without a gap may: after an outage of the database every lease has run out, and the first to come back must not
 * take everybody's running work. The database judges that, when the statement reaches it. Confined to one thread.
 */
public final class Rescuer {
    private static final Logger log = LoggerFactory.getLogger(Rescuer.class);
    private static final long MOST_LATE_MILLIS = 100;

    private final Workers workers;
    private final Supplier<Optional<UUID>> self;
    private final Duration lease;
    private final int maxCrashes;
    private final Consumer<Rescued> whenRescued;

    /**
     * @param self under which id this process is a worker; empty while it cannot trust its own lease
     * @param lease the lease's length
     * @param maxCrashes deaths that abort an event
     * @param whenRescued hears of each rescue that found anything; events may have become claimable
     */
    public Rescuer(
            Workers workers,
            Supplier<Optional<UUID>> self,
            Duration lease,
            int maxCrashes,
            Consumer<Rescued> whenRescued) {
        this.workers = workers;
        this.self = self;
        this.lease = lease;
        this.maxCrashes = maxCrashes;
        this.whenRescued = whenRescued;
    }

    /** Rescues from one dead worker, if there is one; returns how long to idle. */
    public Duration cycle() {
        Optional<UUID> rescuer = self.get();
        if (rescuer.isEmpty()) {
            return pause();
        }
        Optional<Duration> untilDue = workers.untilRescue(rescuer.get());
        if (untilDue.isEmpty() || untilDue.get().isPositive()) {
            return untilDue.map(this::pauseUntil).orElseGet(this::longPause);
        }
        Rescued rescued = workers.rescue(rescuer.get(), lease, maxCrashes);
        if (!rescued.events().isEmpty() || rescued.workers() > 0) {
            log.warn(
                    "rescued workers={} events={} of which aborted={}",
                    rescued.workers(),
                    rescued.events().size(),
                    rescued.aborted());
            whenRescued.accept(rescued);
        }
        return rescued.workers() > 0 ? Duration.ZERO : pause();
    }

    /** Until the next lease runs out that is known of, but not too long: a worker that came since may have a shorter one. */
    private Duration pauseUntil(Duration due) {
        Duration longest = longPause();
        Duration late = due.plusMillis(1 + ThreadLocalRandom.current().nextLong(MOST_LATE_MILLIS)); // not all at once
        return late.compareTo(longest) < 0 ? late : longest;
    }

    private Duration longPause() {
        long third = lease.toNanos() / 3;
        return Duration.ofNanos(third / 5 * 4 + ThreadLocalRandom.current().nextLong(third / 5));
    }

    /** Two to four looks a lease: a dead worker's events are back within a quarter of a lease after it ran out, on average less. */
    private Duration pause() {
        long quarter = lease.toNanos() / 4;
        return Duration.ofNanos(Math.min(
                Duration.ofSeconds(1).toNanos(),
                quarter / 2 + ThreadLocalRandom.current().nextLong(quarter)));
    }
}
