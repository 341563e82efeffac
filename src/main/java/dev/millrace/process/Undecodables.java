package dev.millrace.process;

import dev.millrace.event.EventStatus;
import dev.millrace.event.MillraceException;
import dev.millrace.store.Claim;
import dev.millrace.store.Claims;
import dev.millrace.store.Claims.Tried;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Standing;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of claimed events whose payload this worker cannot read. Each goes back to pending for a worker that can, which
 * during a rolling deploy is a newer one: after 1 s at first, after twice as long each time, after 5 min at most. That is no
 * failure of the handler, so no retry policy is asked. An event that no worker has been able to read for too long or too often
 * fails. How often that was stands in the event's history, whichever workers tried.
 *
 * <p>A worker that runs out of memory over a payload is not to be trusted any more. Its event goes back with a death on it, so
 * that from then on one worker at a time reads it, beside no other such event; it is aborted as other poison is.
 *
 * <p>The log has one of them in a minute for each type. Thread-safe.
 */
final class Undecodables {
    private static final Logger log = LoggerFactory.getLogger(Undecodables.class);
    private static final long LOG_EVERY_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long FIRST_BACK_OFF_MILLIS = 1_000;
    private static final long LONGEST_BACK_OFF_MILLIS = TimeUnit.MINUTES.toMillis(5);
    private static final int ASKED_AT_ONCE = 1_000;

    private final Claims claims;
    private final UndecodableLimit limit;
    private final Troubles troubles;
    private final Queue<Unread> waiting = new ConcurrentLinkedQueue<>(); // for what the database knows of them
    private final AtomicBoolean asking = new AtomicBoolean();
    private final ConcurrentHashMap<String, Told> told = new ConcurrentHashMap<>(); // by type, of which there are few

    Undecodables(Claims claims, UndecodableLimit limit, Troubles troubles) {
        this.claims = claims;
        this.limit = limit;
        this.troubles = troubles;
    }

    /** A claim, and why its payload could not be read. */
    private record Unread(Ticket ticket, Throwable error) {}

    /** When a type was last told of, and how many have come since. */
    private record Told(long nanos, int since) {}

    /** An event took too many workers down. Stored as a rescue stores it. */
    static final class WorkerDeathException extends MillraceException {
        private static final long serialVersionUID = 1L;

        WorkerDeathException(String message) {
            super(message, false);
        }

        @Override
        public String errorName() {
            return "WorkerDeath";
        }
    }

    /** Sends one back, or ends it. Waits for the database only if the memory is exhausted; never throws. */
    void take(Ticket ticket, Throwable error) {
        if (Troubles.isFatal(error)) {
            ranOutOfMemory(ticket, error);
            return;
        }
        try {
            tellSometimes(ticket.claim(), error);
            if (ticket.claim().attempt() == 1) { // nobody has tried before
                decide(ticket, error, Tried.NEVER);
            } else {
                ask(new Unread(ticket, error));
            }
        } catch (RuntimeException | Error e) {
            giveUp(ticket, e);
        }
    }

    private void ask(Unread unread) {
        waiting.add(unread);
        if (asking.compareAndSet(false, true)) {
            Threads.startVirtual("millrace-undecodable", this::decideAll);
        }
    }

    private void decideAll() {
        do {
            List<Unread> batch = new ArrayList<>();
            for (Unread next = waiting.poll(); next != null; next = waiting.poll()) {
                batch.add(next);
                if (batch.size() == ASKED_AT_ONCE) {
                    break;
                }
            }
            decide(batch);
            asking.set(false);
        } while (!waiting.isEmpty() && asking.compareAndSet(false, true));
    }

    private void decide(List<Unread> batch) {
        try {
            Map<UUID, Tried> history = claims.undecodable(
                    batch.stream().map(unread -> unread.ticket().claim().id()).toList());
            for (Unread unread : batch) {
                UUID id = unread.ticket().claim().id();
                decide(unread.ticket(), unread.error(), history.getOrDefault(id, Tried.NEVER));
            }
        } catch (RuntimeException | Error e) { // of those that were decided before it changes nothing
            batch.forEach(unread -> giveUp(unread.ticket(), e));
        }
    }

    private void decide(Ticket ticket, Throwable error, Tried before) {
        int tries = before.times() + 1;
        ticket.releaseSlot(); // it does not run
        if (tries >= limit.tries() || before.since().compareTo(limit.within()) >= 0) {
            ticket.settle(ticket.ended(EventStatus.FAILED, error, Duration.ZERO));
            return;
        }
        ticket.settle(ticket.returned(Reason.UNDECODABLE, ticket.standing(), backOff(tries), error, null));
    }

    /** Doubles with each try, give or take a quarter, so that events that were claimed together do not stay so. */
    static Duration backOff(int tries) {
        long millis = Math.min(LONGEST_BACK_OFF_MILLIS, FIRST_BACK_OFF_MILLIS << Math.min(tries - 1, 20));
        return Duration.ofMillis(millis * 3 / 4 + ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    }

    /** What is known of it could not be had: it is tried again later, and is not failed. */
    private void giveUp(Ticket ticket, Throwable error) {
        troubles.report("undecodable", error);
        ticket.releaseSlot();
        int mostTries = Math.min(
                ticket.claim().attempt(), limit.tries()); // as often as it was claimed, if nobody could read it
        ticket.overrule(ticket.returned(Reason.UNDECODABLE, ticket.standing(), backOff(mostTries), null, null));
    }

    /** Decides before others hear of the error, and give back whatever waits. */
    private void ranOutOfMemory(Ticket ticket, Throwable error) {
        try {
            Claim claim = ticket.claim();
            int deaths = claim.deaths() + 1;
            if (deaths < limit.deaths()
                    || deaths < claims.maxCrashes(claim.id()).orElse(limit.deaths())) {
                chargeDeath(ticket, error);
            } else {
                var poison = new WorkerDeathException(
                        "Event aborted after %d workers died, lost their lease or ran out of memory while they held it"
                                .formatted(deaths));
                ticket.settle(ticket.ended(EventStatus.ABORTED, poison, null));
            }
        } catch (RuntimeException | Error e) { // there may not even be the memory for that
            ticket.giveBack();
        } finally {
            troubles.check(error);
        }
    }

    private static void chargeDeath(Ticket ticket, Throwable error) {
        Standing now = ticket.standing();
        Standing charged = new Standing(now.priority(), now.failures(), now.denials(), now.deaths() + 1);
        ticket.settle(ticket.returned(Reason.SHUTDOWN, charged, Duration.ZERO, error, null));
    }

    private void tellSometimes(Claim claim, Throwable error) {
        String type = claim.event().type();
        long now = System.nanoTime();
        int[] silent = {-1};
        told.compute(type, (key, last) -> {
            if (last != null && now - last.nanos() < LOG_EVERY_NANOS) {
                return new Told(last.nanos(), last.since() + 1);
            }
            silent[0] = last == null ? 0 : last.since();
            return new Told(now, 0);
        });
        if (silent[0] >= 0) {
            log.warn(
                    "event={} attempt={} type={} its payload cannot be read as this worker's class: left for a worker that"
                            + " can, failed after {} or {} tries; others={}",
                    claim.id(),
                    claim.attempt(),
                    type,
                    limit.within(),
                    limit.tries(),
                    silent[0],
                    Troubles.loggable(error));
        }
    }
}
