package dev.millrace.process;

import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Json;
import dev.millrace.event.StatusMove;
import dev.millrace.process.Settler.Fate;
import dev.millrace.store.Claim;
import dev.millrace.store.Hold;
import dev.millrace.store.Moved;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Returned;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Tells the application's listeners of the moves that its process has committed in a flow, each on a thread of its own, a claim
 * before its own end. Whoever commits never waits for them. Thread-safe.
 */
public final class Moves {
    /** Moves that wait for a listener; more are dropped. */
    private static final int WAITING = 10_000;

    private final String flow;
    private final List<Announcer<StatusMove>> announcers;

    /** Tells these of the moves in that flow. */
    public Moves(String flow, Collection<Consumer<? super StatusMove>> listeners) {
        this.flow = flow;
        this.announcers = listeners.stream()
                .map(listener -> new Announcer<StatusMove>(listener, WAITING))
                .toList();
    }

    /** How many moves a listener was not told of, because it did not keep up. */
    public long dropped() {
        return announcers.stream().mapToLong(Announcer::dropped).sum();
    }

    /** Whether nobody listens. */
    public boolean isSilent() {
        return announcers.isEmpty();
    }

    void claimed(Claim claim) {
        tell(claim.id(), claim.attempt(), EventStatus.PENDING, EventStatus.PROCESSING, Result.PROCESSING);
    }

    /** Its own worker wanted to end a claim so, and that became of it. */
    void settled(Settlement answer, Fate fate) {
        if (fate == Fate.FAILED_INSTEAD) {
            ended(answer.hold(), EventStatus.FAILED, Result.FAILED);
        } else if (fate == Fate.COMMITTED) {
            switch (answer) {
                case Ended end -> ended(end.hold(), end.status(), result(end));
                case Returned back ->
                    ended(
                            back.hold(),
                            EventStatus.PENDING,
                            Result.ofWireName(back.reason().wireName()));
            }
        }
    }

    private static Result result(Ended end) {
        String error = end.status() == EventStatus.ABORTED ? end.error() : null; // of others it is not asked
        return Result.ofEnd(end.status(), error == null ? null : Json.parse(error));
    }

    /** A claim was cancelled by somebody else while its worker had it. */
    void cancelled(Claim claim) {
        ended(claim.hold(), EventStatus.CANCELLED, Result.CANCELLED);
    }

    /**
     * An event was moved by another than the worker that had it. Of a running one that was cancelled nothing is said: its worker
     * does.
     */
    public void moved(Moved event) {
        EventStatus to = event.to();
        if (event.from() == EventStatus.PENDING) {
            tell(event.event(), event.attempt(), event.from(), to, Result.valueOf(to.name()));
        } else if (to != EventStatus.CANCELLED) {
            tell(event.event(), event.attempt(), event.from(), to, Result.LOST);
        }
    }

    private void ended(Hold hold, EventStatus to, Result result) {
        tell(hold.id(), hold.attempt(), EventStatus.PROCESSING, to, result);
    }

    private void tell(UUID event, int attempt, EventStatus from, EventStatus to, Result result) {
        if (!announcers.isEmpty()) {
            StatusMove move = new StatusMove(flow, event, attempt, from, to, result);
            announcers.forEach(announcer -> announcer.offer(move));
        }
    }
}
