package dev.millrace.event;

import java.util.Map;

/** Running an event went wrong for a reason of Millrace's own. */
public class ExecutionException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says what, which id, and what to do; an empty message becomes "Execution failed". */
    public ExecutionException(String message) {
        this(message, Map.of());
    }

    /** An error with details that programs can read. */
    public ExecutionException(String message, Map<String, ?> details) {
        super(message.isEmpty() ? "Execution failed" : message, true, details);
    }
}
