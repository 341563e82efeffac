package dev.millrace.event;

import java.time.Duration;
import java.util.Map;
import java.util.UUID;

/** An event has not ended in the time that somebody was willing to wait. It goes on, and can be awaited again by its id. */
public final class NotEndedException extends MillraceException {
    private static final long serialVersionUID = 1L;

    private final UUID event;

    /** An error for that event, after so long a wait. */
    public NotEndedException(UUID event, Duration waited) {
        super(
                "event %s has not ended within %s; it goes on, and can be awaited again".formatted(event, waited),
                true,
                Map.of("event", event.toString()));
        this.event = event;
    }

    /** The event's id. */
    public UUID event() {
        return event;
    }
}
