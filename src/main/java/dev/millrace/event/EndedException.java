package dev.millrace.event;

import java.util.Objects;

/**
 * An event was ended on purpose, for a reason that somebody gave: its handler, or whoever cancelled or skipped it. Retryable if
 * the event was cancelled, as after a timeout: nothing says that it cannot succeed another time. Not retryable if it failed or
 * was skipped. Stored under the name {@code FailedError}, {@code CancelledError} or {@code SkippedError}.
 */
public class EndedException extends MillraceException {
    private static final long serialVersionUID = 1L;

    private final EventStatus status;

    /**
     * An error with that reason.
     *
     * @param status how it ended: failed, cancelled or skipped
     */
    public EndedException(EventStatus status, String reason) {
        super(Objects.requireNonNull(reason, "reason"), status == EventStatus.CANCELLED);
        this.status = Objects.requireNonNull(status, "status");
        if (status != EventStatus.FAILED && status != EventStatus.CANCELLED && status != EventStatus.SKIPPED) {
            throw new IllegalArgumentException("an event is not ended on purpose as " + status);
        }
    }

    /** How it ended. */
    public EventStatus status() {
        return status;
    }

    @Override
    public String errorName() {
        String name = status.toString();
        return Character.toUpperCase(name.charAt(0)) + name.substring(1) + "Error";
    }
}
