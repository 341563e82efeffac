package dev.millrace.event;

import java.util.Map;

/** Something of that id or name exists already. */
public class ExistsException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says what, which id, and what to do; an empty message becomes "Item already exists". */
    public ExistsException(String message) {
        this(message, Map.of());
    }

    /** An error with details that programs can read. */
    public ExistsException(String message, Map<String, ?> details) {
        super(message.isEmpty() ? "Item already exists" : message, false, details);
    }
}
