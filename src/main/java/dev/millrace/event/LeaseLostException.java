package dev.millrace.event;

/**
 * The event is no longer this worker's: its lease ran out and the event went back to pending, where another worker may have
 * taken it. Nothing of what was refused was written. Not retryable: whoever has the event now decides what becomes of it.
 */
public class LeaseLostException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says which event and attempt, and what was not written. */
    public LeaseLostException(String message) {
        super(message, false);
    }
}
