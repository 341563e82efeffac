package dev.millrace.process;

import dev.millrace.event.Errors;
import dev.millrace.event.EventStatus;
import dev.millrace.store.Claim;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import dev.millrace.store.Settlement.Standing;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A claim from the moment it is taken until it is settled. Many may want to end it (the handler, the clock, a refused
 * permission, a worker that stops); the first one does, the others are told that they came late. Thread-safe.
 */
final class Ticket {
    /** What the application asks for beyond this is more than the database's clock can add up. */
    private static final Duration LONGEST_DELAY = Duration.ofDays(3650);

    private final Claim claim;
    private final Settler settler;
    private final Runnable freeSlot;
    private final Consumer<Ticket> whenSettled;
    private final AtomicBoolean decided = new AtomicBoolean();
    private final AtomicBoolean slotHeld = new AtomicBoolean(true);
    private volatile @Nullable Thread handler;

    /**
     * @param freeSlot gives the concurrency slot back; called once
     * @param whenSettled hears after the commit, on the settler's thread
     */
    Ticket(Claim claim, Settler settler, Runnable freeSlot, Consumer<Ticket> whenSettled) {
        this.claim = claim;
        this.settler = settler;
        this.freeSlot = freeSlot;
        this.whenSettled = whenSettled;
    }

    Claim claim() {
        return claim;
    }

    /** Whether somebody has ended it. */
    boolean isDecided() {
        return decided.get();
    }

    /** Names the thread to interrupt when somebody else than the handler ends it. */
    void runsOn(Thread thread) {
        handler = thread;
    }

    /** Ends it, unless it has ended; says whether this was the end. */
    boolean settle(Settlement answer) {
        if (!decided.compareAndSet(false, true)) {
            return false;
        }
        settler.submit(answer, fate -> {
            releaseSlot();
            whenSettled.accept(this);
        });
        return true;
    }

    /** Ends it in the handler's stead and interrupts the handler, which sees the decision first. */
    void overrule(Settlement answer) {
        if (settle(answer)) {
            interruptHandler();
        }
    }

    private void interruptHandler() {
        Thread thread = handler;
        if (thread != null) {
            thread.interrupt();
        }
    }

    /** Drops it without settling, because the claim is no longer this worker's, and interrupts the handler. */
    void abandon() {
        if (decided.compareAndSet(false, true)) {
            interruptHandler();
            releaseSlot();
            whenSettled.accept(this);
        }
    }

    /** Gives the event back to pending as it was, because the worker stops; a grant has cleared its denials. */
    void giveBack() {
        boolean granted = handler != null;
        Standing standing = granted ? new Standing(claim.priority(), claim.failures(), 0, claim.deaths()) : standing();
        overrule(returned(Reason.SHUTDOWN, standing, Duration.ZERO, null, null));
    }

    /** Frees the slot before the settlement, for an event that does not run. */
    void releaseSlot() {
        if (slotHeld.compareAndSet(true, false)) {
            freeSlot.run();
        }
    }

    /** The counters as they were claimed. */
    Standing standing() {
        return new Standing(claim.priority(), claim.failures(), claim.denials(), claim.deaths());
    }

    Ended ended(EventStatus status, Throwable error, @Nullable Duration duration) {
        return new Ended(
                claim.hold(), status, duration, null, Errors.document(error).toString(), Errors.retryable(error));
    }

    Returned returned(
            Reason reason, Standing standing, Duration delay, @Nullable Throwable error, @Nullable Duration duration) {
        String document = error == null ? null : Errors.document(error).toString();
        Duration kept = delay.compareTo(LONGEST_DELAY) > 0 ? LONGEST_DELAY : delay;
        return new Returned(claim.hold(), standing, kept, reason, document, duration);
    }
}
