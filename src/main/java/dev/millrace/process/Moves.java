package dev.millrace.process;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Errors;
import dev.millrace.event.EventAttempt.Result;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExecutionException;
import dev.millrace.event.Json;
import dev.millrace.event.StatusMove;
import dev.millrace.process.Settler.Fate;
import dev.millrace.store.Claim;
import dev.millrace.store.Moved;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Returned;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
                .map(listener -> new Announcer<StatusMove>(listener, WAITING, Moves::context))
                .toList();
    }

    private static LogContext context(StatusMove move) {
        return new LogContext(move.event(), move.flow(), move.type(), move.attempt());
    }

    /** The flow's name. */
    String flow() {
        return flow;
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
        if (!isSilent()) {
            tell(move(claim, EventStatus.PENDING, EventStatus.PROCESSING, Result.PROCESSING, null, null, null));
        }
    }

    /** Its own worker wanted to end a claim so, and that became of it. */
    void settled(Claim claim, Settlement answer, Fate fate) {
        if (isSilent()) {
            return;
        }
        if (fate == Fate.FAILED_INSTEAD) {
            JsonNode error = Errors.document(new ExecutionException("the answer could not be stored, see the log"));
            ended(claim, EventStatus.FAILED, Result.FAILED, duration(answer), error, null);
        } else if (fate == Fate.COMMITTED) {
            switch (answer) {
                case Ended end -> {
                    JsonNode error = node(end.error());
                    boolean told = end.status() == EventStatus.ABORTED; // of others it is not asked
                    Result result = Result.ofEnd(end.status(), told ? error : null);
                    ended(claim, end.status(), result, end.duration(), error, end.thrown());
                }
                case Returned back ->
                    ended(
                            claim,
                            EventStatus.PENDING,
                            Result.ofWireName(back.reason().wireName()),
                            back.duration(),
                            node(back.error()),
                            back.thrown());
            }
        }
    }

    private static @Nullable Duration duration(Settlement answer) {
        return switch (answer) {
            case Ended end -> end.duration();
            case Returned back -> back.duration();
        };
    }

    private static @Nullable JsonNode node(@Nullable String error) {
        return error == null || error.equals("null") ? null : Json.parse(error);
    }

    /** A claim was cancelled by somebody else while its worker had it. */
    void cancelled(Claim claim) {
        if (!isSilent()) {
            ended(claim, EventStatus.CANCELLED, Result.CANCELLED, null, null, null);
        }
    }

    /**
     * An event was moved by another than the worker that had it. Of a running one that was cancelled nothing is said: its worker
     * does.
     *
     * @param type the name of its type; null if it is not known here
     */
    public void moved(Moved event, @Nullable String type) {
        EventStatus to = event.to();
        if (event.from() == EventStatus.PENDING) {
            tell(event, type, Result.valueOf(to.name()));
        } else if (to != EventStatus.CANCELLED) {
            tell(event, type, Result.LOST);
        }
    }

    private void tell(Moved event, @Nullable String type, Result result) {
        if (!isSilent()) {
            tell(new StatusMove(
                    flow, event.event(), type, event.attempt(), event.from(), event.to(), result, null, null, null));
        }
    }

    private void ended(
            Claim claim,
            EventStatus to,
            Result result,
            @Nullable Duration duration,
            @Nullable JsonNode error,
            @Nullable Throwable thrown) {
        tell(move(claim, EventStatus.PROCESSING, to, result, duration, error, thrown));
    }

    private StatusMove move(
            Claim claim,
            EventStatus from,
            EventStatus to,
            Result result,
            @Nullable Duration duration,
            @Nullable JsonNode error,
            @Nullable Throwable thrown) {
        String type = claim.event().type();
        return new StatusMove(flow, claim.id(), type, claim.attempt(), from, to, result, duration, error, thrown);
    }

    private void tell(StatusMove move) {
        announcers.forEach(announcer -> announcer.offer(move));
    }
}
