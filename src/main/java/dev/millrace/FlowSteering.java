package dev.millrace;

import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Names;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.Pause;
import dev.millrace.event.Terms;
import dev.millrace.store.FlowRow;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What can be said about the events of a flow, and about the flow as a whole, by anyone, without a worker. Thread-safe. */
public abstract sealed class FlowSteering permits FlowClient {
    private final Millrace millrace;
    private final FlowRow flow;
    private final Endings endings;
    private volatile boolean closed;

    FlowSteering(Millrace millrace, FlowRow flow) {
        this.millrace = millrace;
        this.flow = flow;
        this.endings = new Endings(millrace.store(), flow.id(), flow.name(), millrace::moved);
    }

    /** The flow's name. */
    public String name() {
        return flow.name();
    }

    /** Skips a pending event for good, without permission or capacity; false if it is not pending. */
    public boolean skip(UUID id, String reason) {
        return endings().skip(id, reason);
    }

    /**
     * Cancels an event that has not ended, for that reason. A pending one never runs. A running one is ended at once, whichever
     * process has it: whatever its handler answers from then on changes nothing, its own transaction is rolled back, and the
     * handler is interrupted, within a second. If it is just completing, one of the two counts.
     *
     * <p>A cancelled event is {@code retryable}, as one that timed out is: nothing says that it cannot succeed another time.
     *
     * @return whether it was this call that ended it; false if it has ended, or the flow does not have it
     */
    public boolean cancel(UUID id, String reason) {
        return endings().cancel(id, reason);
    }

    /**
     * Cancels the events that have not ended and fit, as {@link #cancel} does one: pending ones, due or not, and running ones,
     * whose workers are notified. Works in constant memory and in transactions of at most 1,000, so this is not all or nothing. May
     * be repeated after an error, and two calls at once share the work. Leaves what is appended after it has begun, so it ends.
     * Waits for the claims and settlements of single events that are under way.
     *
     * @param filter which of them; {@link EventFilter#all} for all
     * @return how many this call has cancelled; those of a statement whose answer was lost are not counted
     */
    public long cancelAll(EventFilter filter, String reason) {
        return endings().endAll(EventStatus.CANCELLED, filter, reason);
    }

    /** As {@link #cancelAll}, but skips, and only events that are pending, as {@link #skip} does one. */
    public long skipAll(EventFilter filter, String reason) {
        return endings().endAll(EventStatus.SKIPPED, filter, reason);
    }

    /**
     * Gives a pending event another priority, due or not: from now on it is claimed as if it had been appended with it, and among
     * those of the same priority in order of append. The priority that it was appended with stays to be read. What waits here
     * for a claimed event's permission or slot is running, and is not overtaken.
     *
     * @param priority lower runs first; finite
     * @throws NotFoundException if the flow has no such event
     * @throws IllegalStateException if it is not pending: it runs, or has ended
     */
    public void reprioritize(UUID id, double priority) {
        Objects.requireNonNull(id, "id");
        Terms.checkPriority(priority);
        EventStatus status = endings().reprioritize(id, priority);
        if (status != null) {
            throw new IllegalStateException(
                    "event %s is %s: only a pending event can get another priority".formatted(id, status));
        }
    }

    /** As {@link #pause(String)}, without a reason. */
    public void pause() {
        pauseFor(null);
    }

    /**
     * Pauses the flow, for all workers and until {@link #resume}, whatever is restarted meanwhile. No claim that begins after this
     * has returned takes anything, and within a second no worker starts what it claimed before: that is pending again, as it
     * was. What runs goes on and settles. Appends, retries, due times, deadlines, cancelling and skipping work as ever;
     * {@link Executor#join} does not wait for what cannot run. A flow that is paused stays so, for the first reason.
     *
     * @param reason for people to read: 1 to 200 characters, no control characters
     */
    public void pause(String reason) {
        pauseFor(Names.check("pause reason", Objects.requireNonNull(reason, "reason")));
    }

    private void pauseFor(@Nullable String reason) {
        millrace.store().pauses().pause(flow().id(), reason);
        millrace.pauseChanged(flow.id());
    }

    /** Lets a paused flow run again: workers that listen go on at once, others when they look next. Harmless if it is not paused. */
    public void resume() {
        millrace.store().pauses().resume(flow().id());
        millrace.pauseChanged(flow.id());
    }

    /** Whether the flow is paused. */
    public boolean isPaused() {
        return currentPause().isPresent();
    }

    /** Since when and why the flow is paused; empty if it is not. */
    public Optional<Pause> currentPause() {
        return millrace.store().pauses().of(flow().id());
    }

    /** What is said of an event that the flow does not have. */
    NotFoundException notFound(UUID id) {
        return NotFoundException.ofEvent(id, name());
    }

    Millrace millrace() {
        return millrace;
    }

    /**
     * The flow, for whatever uses the database.
     *
     * @throws IllegalStateException if this or its Millrace was closed
     */
    FlowRow flow() {
        millrace.requireOpen();
        if (closed) {
            throw new IllegalStateException("the executor of flow '%s' is closed; build another one".formatted(name()));
        }
        return flow;
    }

    private Endings endings() {
        FlowRow unused = flow();
        return endings;
    }

    /** From now on everything that uses the database is refused. */
    void refuseMore() {
        closed = true;
    }

    /** Whether it is closed. */
    boolean isClosed() {
        return closed;
    }
}
