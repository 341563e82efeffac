package dev.millrace.process;

import dev.millrace.event.Errors;
import dev.millrace.event.EventStatus;
import dev.millrace.process.Settler.Fate;
import dev.millrace.store.Claim;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Returned;
import dev.millrace.store.Settlement.Standing;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A claim from the moment it is taken until it is settled. Many may want to end it (the handler, the clock, a refused
 * permission, a worker that stops, a lease that is lost); the first one does, the others are told that they came late.
 *
 * <p>While the handler's own transaction commits, its end is neither decided nor open: whoever overrules it then is heard
 * if the commit fails.
 *
 * <pre>
 *   OPEN ──settle, overrule──▶ DECIDED      OPEN ──abandon, drop──▶ DROPPED, without a settlement
 *    │ ▲
 *    ▼ │ it failed
 *   COMMITTING ──────────────────────▶ COMMITTED, by the handler's own transaction; the handler may go on
 * </pre>
 *
 * <p>Thread-safe.
 */
final class Ticket {
    /** What the application asks for beyond this is more than the database's clock can add up. */
    private static final Duration LONGEST_DELAY = Duration.ofDays(3650);

    private final Claim claim;
    private final Settling settler;
    private final Runnable freeSlot;
    private final Consumer<Ticket> whenSettled;
    private final AtomicReference<Slot> slot;
    final long takenNanos = System.nanoTime();

    private final AtomicBoolean left = new AtomicBoolean();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile State state = State.OPEN; // written under the lock
    private @Nullable Runnable overruling; // guarded by lock: what came while COMMITTING
    private volatile @Nullable HandlerThread handler; // written under the lock
    private volatile boolean calledOff;

    private enum State {
        OPEN,
        COMMITTING,
        COMMITTED,
        DECIDED,
        DROPPED
    }

    /** Who settles tickets, and tells of it. */
    interface Settling {
        void settle(Ticket ticket, Settlement answer, Consumer<Fate> owner);
    }

    /**
     * @param freeSlot gives the slot back; called once, and not if it never had one
     * @param slot where it stands with that slot
     * @param whenSettled hears after the commit, on the settler's thread as a rule; called once
     */
    Ticket(Claim claim, Settling settler, Runnable freeSlot, Slot slot, Consumer<Ticket> whenSettled) {
        this.claim = claim;
        this.settler = settler;
        this.freeSlot = freeSlot;
        this.slot = new AtomicReference<>(slot);
        this.whenSettled = whenSettled;
    }

    Claim claim() {
        return claim;
    }

    /** Whether an answer would come too late. */
    boolean isDecided() {
        State now = state;
        return now != State.OPEN && now != State.COMMITTING;
    }

    /** Whether it was dropped because the claim was lost. */
    boolean isDropped() {
        return state == State.DROPPED;
    }

    /** Whether the handler's own transaction settled it. */
    boolean isCommitted() {
        return state == State.COMMITTED;
    }

    /** Names the thread that shall run it; false if it has ended meanwhile and must not run. */
    boolean runsOn(HandlerThread thread) {
        lock.lock();
        try {
            if (state != State.OPEN) {
                return false;
            }
            handler = thread;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a handler was started for it. */
    boolean isRunning() {
        return handler != null;
    }

    /** Ends it, unless it has ended; says whether this was the end. */
    boolean settle(Settlement answer) {
        return settle(answer, false);
    }

    private boolean settle(Settlement answer, boolean unlessStarted) {
        lock.lock();
        try {
            if (state != State.OPEN || (unlessStarted && handler != null)) {
                return false;
            }
            state = State.DECIDED;
        } finally {
            lock.unlock();
        }
        settler.settle(this, answer, fate -> leave());
        return true;
    }

    /** Ends it in the handler's stead and has the handler stopped, which sees the decision first. */
    void overrule(Settlement answer) {
        endFromOutside(State.DECIDED, () -> settler.settle(this, answer, fate -> leave()));
    }

    /** Drops it without settling, because the claim is no longer this worker's, and has the handler stopped. */
    void abandon() {
        endFromOutside(State.DROPPED, this::leave);
    }

    /** Whether it left because somebody else had cancelled it. */
    boolean wasCalledOff() {
        return calledOff;
    }

    /** It was cancelled, and is settled thereby: has the handler stopped, if it runs. */
    void callOff() {
        endFromOutside(State.DECIDED, () -> {
            calledOff = true;
            leave();
        });
    }

    private void endFromOutside(State next, Runnable end) {
        HandlerThread stopped;
        boolean settledBefore;
        lock.lock();
        try {
            if (state == State.COMMITTING) {
                overruling = () -> endFromOutside(next, end);
                return;
            }
            if (state == State.DECIDED || state == State.DROPPED) {
                return;
            }
            settledBefore = state == State.COMMITTED;
            state = settledBefore ? State.DECIDED : next;
            stopped = handler;
        } finally {
            lock.unlock();
        }
        if (settledBefore) {
            leave(); // it is settled already; only the handler has not ended
        } else {
            end.run();
        }
        if (stopped != null) {
            stopped.stop();
        }
    }

    /** Drops it for its handler, which has found out that the claim is lost. */
    void drop() {
        lock.lock();
        try {
            if (state != State.OPEN) {
                return;
            }
            state = State.DROPPED;
        } finally {
            lock.unlock();
        }
        leave();
    }

    /** The handler's own transaction is about to settle it; false if it has ended meanwhile. */
    boolean beginCommit() {
        lock.lock();
        try {
            if (state != State.OPEN) {
                return false;
            }
            state = State.COMMITTING;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** That transaction did; the slot stays taken until the handler ends. */
    void committed() {
        endCommit(State.COMMITTED);
    }

    /** That transaction did not, as far as is known; who wanted to end it meanwhile may do so now. */
    void commitFailed() {
        endCommit(State.OPEN);
    }

    private void endCommit(State next) {
        Runnable waiting;
        lock.lock();
        try {
            state = next;
            waiting = overruling;
            overruling = null;
        } finally {
            lock.unlock();
        }
        if (waiting != null) {
            waiting.run();
        }
    }

    /** The handler has ended: its slot is free, and if its own transaction settled the event, that is all. */
    void handlerEnded() {
        if (isCommitted()) {
            leave();
        } else if (slot.compareAndSet(Slot.RUNNING, Slot.FREED)) {
            freeSlot.run();
        }
    }

    /** Gives the event back to pending as it was, because the worker stops; a grant has cleared its denials. */
    void giveBack() {
        Standing standing =
                isRunning() ? new Standing(claim.priority(), claim.failures(), 0, claim.deaths()) : standing();
        overrule(returned(Reason.SHUTDOWN, standing, Duration.ZERO, null, null));
    }

    /** Gives the event back to pending as it was, because its flow is paused; if its handler was started, that goes on. */
    void giveBackUnstarted() {
        boolean unused = settle(returned(Reason.PAUSE, standing(), Duration.ZERO, null, null), true);
    }

    /** Frees the slot before the settlement, for an event that does not run. */
    void releaseSlot() {
        Slot before = slot.getAndSet(Slot.FREED);
        if (before == Slot.RUNNING || before == Slot.ALONE) {
            freeSlot.run();
        }
    }

    /** Takes the slot that it waited for; false if it has ended meanwhile and needs none. */
    boolean takeSlot() {
        return slot.compareAndSet(Slot.WAITING, Slot.RUNNING);
    }

    /** Lets go of everything that waits for it; the end of it, however it was settled. */
    void leave() {
        releaseSlot();
        if (left.compareAndSet(false, true)) {
            whenSettled.accept(this);
        }
    }

    /** The counters as they were claimed. */
    Standing standing() {
        return new Standing(claim.priority(), claim.failures(), claim.denials(), claim.deaths());
    }

    Ended ended(EventStatus status, Throwable error, @Nullable Duration duration) {
        return ended(status, error, 0, duration);
    }

    /** @param originBytes how much of the stored error may say where it came from */
    Ended ended(EventStatus status, Throwable error, int originBytes, @Nullable Duration duration) {
        String document = Errors.document(error, originBytes).toString();
        return new Ended(claim.hold(), status, duration, null, document, Errors.retryable(error), error);
    }

    Returned returned(
            Reason reason, Standing standing, Duration delay, @Nullable Throwable error, @Nullable Duration duration) {
        return returned(reason, standing, delay, error, 0, duration);
    }

    /** @param originBytes as for {@link #ended(EventStatus, Throwable, int, Duration)} */
    Returned returned(
            Reason reason,
            Standing standing,
            Duration delay,
            @Nullable Throwable error,
            int originBytes,
            @Nullable Duration duration) {
        String document =
                error == null ? null : Errors.document(error, originBytes).toString();
        Duration kept = delay.compareTo(LONGEST_DELAY) > 0 ? LONGEST_DELAY : delay;
        return new Returned(claim.hold(), standing, kept, reason, document, duration, error);
    }
}
