package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event whose response somebody asked for has ended without one: failed, cancelled, skipped or aborted. Its cause is the
 * error stored with the event. As retryable as the event was.
 */
public final class UncompletedException extends MillraceException {
    private static final long serialVersionUID = 1L;

    private final UUID event;
    private final EventStatus status;

    private UncompletedException(String message, UUID event, Execution execution, @Nullable RemoteException error) {
        super(message, error, Boolean.TRUE.equals(execution.retryable()));
        this.event = event;
        this.status = execution.status();
    }

    /**
     * The error for an event that ended so.
     *
     * @throws IllegalArgumentException if it has not ended, or has completed
     */
    public static UncompletedException of(UUID event, Execution execution) {
        EventStatus status = execution.status();
        if (!status.isTerminal() || status == EventStatus.COMPLETED) {
            throw new IllegalArgumentException("event %s is %s".formatted(event, status));
        }
        JsonNode document = execution.error();
        RemoteException error = document == null || document.isNull() ? null : new RemoteException(document);
        String message = "event %s is %s after %d attempts%s"
                .formatted(event, status, execution.attempt(), error == null ? "" : ": " + error.getMessage());
        return new UncompletedException(message, event, execution, error);
    }

    /** The event's id. */
    public UUID event() {
        return event;
    }

    /** How it ended. */
    public EventStatus status() {
        return status;
    }

    /** The error stored with it; null if there is none. */
    public @Nullable RemoteException error() {
        return (RemoteException) getCause();
    }

    @Override
    public String errorName() {
        return "UncompletedError";
    }

    /** The id and the status. */
    @Override
    public Map<String, Object> details() {
        return Map.of("event", event.toString(), "status", status.toString());
    }
}
