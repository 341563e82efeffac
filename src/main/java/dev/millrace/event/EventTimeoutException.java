package dev.millrace.event;

import java.time.Duration;

/** An event ran longer than its timeout. Stored under the name {@code TimeoutError}. */
public class EventTimeoutException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error for that timeout, worded as the model words it: {@code Operation timed out after 1.0s}. */
    public EventTimeoutException(Duration timeout) {
        this("Operation timed out after " + Seconds.of(timeout).toPlainString() + "s");
    }

    /** An error with a message of its own; an empty one becomes "Operation timed out". */
    public EventTimeoutException(String message) {
        super(message.isEmpty() ? "Operation timed out" : message, true);
    }

    @Override
    public String errorName() {
        return "TimeoutError";
    }
}
