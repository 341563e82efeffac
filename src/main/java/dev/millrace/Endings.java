package dev.millrace;

import dev.millrace.event.EndedException;
import dev.millrace.event.Errors;
import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotFoundException;
import dev.millrace.store.Moved;
import dev.millrace.store.Store;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Ends or moves events of one flow from outside. A statement looks for an event where it was when the statement began; one that moved on
 * meanwhile is looked for again. Thread-safe.
 *
 * @param whenEnded told once that is committed
 */
record Endings(Store store, int flow, String flowName, Consumer<Moved> whenEnded) {
    boolean skip(UUID id, String reason) {
        Objects.requireNonNull(id, "id");
        String error = error(EventStatus.SKIPPED, reason);
        return end(id, false, () -> store.settlements().endPending(flow, id, EventStatus.SKIPPED, error));
    }

    boolean cancel(UUID id, String reason) {
        Objects.requireNonNull(id, "id");
        String error = error(EventStatus.CANCELLED, reason);
        return end(id, true, () -> store.settlements().cancel(flow, id, error));
    }

    /** Skips all that are pending and fit, or cancels all that have not ended and fit; says how many. */
    long endAll(EventStatus status, EventFilter filter, String reason) {
        Objects.requireNonNull(filter, "filter");
        String error = error(status, reason);
        return store.sweeps()
                .end(
                        flow,
                        status,
                        error,
                        filter,
                        whenEnded,
                        id -> status == EventStatus.CANCELLED ? cancel(id, reason) : skip(id, reason));
    }

    /** Says what it is instead, if it is not pending; null if it was. */
    @Nullable
    EventStatus reprioritize(UUID id, double priority) {
        Objects.requireNonNull(id, "id");
        while (!store.settlements().reprioritize(flow, id, priority)) {
            EventStatus status = status(id).orElseThrow(() -> NotFoundException.ofEvent(id, flowName));
            if (status != EventStatus.PENDING) {
                return status;
            }
        }
        return null;
    }

    private Optional<EventStatus> status(UUID id) {
        return store.events().find(flow, id).map(event -> event.execution().status());
    }

    private boolean isActive(UUID id, boolean running) {
        return status(id)
                .filter(status -> status == EventStatus.PENDING || (running && status == EventStatus.PROCESSING))
                .isPresent();
    }

    private boolean end(UUID id, boolean evenRunning, Supplier<Optional<Moved>> statement) {
        Optional<Moved> ended = statement.get();
        while (ended.isEmpty()) {
            if (!isActive(id, evenRunning)) {
                return false;
            }
            ended = statement.get();
        }
        whenEnded.accept(ended.get());
        return true;
    }

    private static String error(EventStatus status, String reason) {
        return Errors.document(new EndedException(status, Objects.requireNonNull(reason, "reason")))
                .toString();
    }
}
