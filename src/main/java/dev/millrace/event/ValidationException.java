package dev.millrace.event;

import java.util.Map;

/** Data was refused: it cannot be stored as it is. Nothing was stored. */
public class ValidationException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says what, which id, and what to do; an empty message becomes "Validation failed". */
    public ValidationException(String message) {
        this(message, Map.of());
    }

    /** An error with details that programs can read. */
    public ValidationException(String message, Map<String, ?> details) {
        super(message.isEmpty() ? "Validation failed" : message, false, details);
    }
}
