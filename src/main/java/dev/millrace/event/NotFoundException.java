package dev.millrace.event;

import java.util.Map;
import java.util.UUID;

/** Something named does not exist. */
public class NotFoundException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says what, which id, and what to do; an empty message becomes "Item not found". */
    public NotFoundException(String message) {
        this(message, Map.of());
    }

    /** Says that a flow does not have an event, or not any more. */
    public static NotFoundException ofEvent(UUID id, String flow) {
        return new NotFoundException(
                "event %s not found in flow '%s'".formatted(id, flow), Map.of("id", id.toString(), "flow", flow));
    }

    /** An error with details that programs can read. */
    public NotFoundException(String message, Map<String, ?> details) {
        super(message.isEmpty() ? "Item not found" : message, false, details);
    }
}
