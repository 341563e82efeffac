package dev.millrace.event;

import java.util.Map;

/** A flow with a bounded queue has no room left. Nothing was stored. */
public class QueueFullException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says what, which id, and what to do; an empty message becomes "Queue is full". */
    public QueueFullException(String message) {
        this(message, Map.of());
    }

    /** An error with details that programs can read. */
    public QueueFullException(String message, Map<String, ?> details) {
        super(message.isEmpty() ? "Queue is full" : message, true, details);
    }
}
