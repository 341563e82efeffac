package dev.millrace.event;

import java.util.Map;

/** The database, or something a handler talks to, could not be reached or could not be used now. The message says why. */
public class ConnectionException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says what, which id, and what to do; an empty message becomes "Connection error". */
    public ConnectionException(String message) {
        this(message, Map.of());
    }

    /** An error with details that programs can read. */
    public ConnectionException(String message, Map<String, ?> details) {
        super(message.isEmpty() ? "Connection error" : message, true, details);
    }

    /** An error with its cause. */
    public ConnectionException(String message, Throwable cause) {
        super(message, cause, true);
    }
}
