package dev.millrace.event;

import java.util.Map;

/** A setting, a registration or the database does not fit what was asked. */
public class ConfigurationException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** An error that says what, which id, and what to do; an empty message becomes "Configuration error". */
    public ConfigurationException(String message) {
        this(message, Map.of());
    }

    /** An error with details that programs can read. */
    public ConfigurationException(String message, Map<String, ?> details) {
        super(message.isEmpty() ? "Configuration error" : message, false, details);
    }

    /** An error with its cause. */
    public ConfigurationException(String message, Throwable cause) {
        super(message, cause, false);
    }
}
