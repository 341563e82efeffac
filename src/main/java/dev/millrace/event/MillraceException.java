package dev.millrace.event;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The root of every error Millrace raises of its own accord. Says whether trying again may help, and carries details
 * that programs can read. Arguments out of bounds are {@link IllegalArgumentException}s instead.
 */
public class MillraceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean retryable;
    private final transient Map<String, Object> details;

    /** A retryable error without details. */
    public MillraceException(String message) {
        this(message, true);
    }

    /** An error that says whether it is retryable. */
    public MillraceException(String message, boolean retryable) {
        super(message);
        this.retryable = retryable;
        this.details = Map.of();
    }

    /** An error with its cause; null for none. */
    public MillraceException(String message, @Nullable Throwable cause, boolean retryable) {
        super(message, cause);
        this.retryable = retryable;
        this.details = Map.of();
    }

    /** An error with details, whose values are what Jackson can write. */
    public MillraceException(String message, boolean retryable, Map<String, ?> details) {
        super(message);
        this.retryable = retryable;
        this.details = new LinkedHashMap<>(details);
    }

    /** Whether the same act may succeed later. Information only: nothing retries because of it alone. */
    public final boolean retryable() {
        return retryable;
    }

    /** What programs may want to know, in the order given; empty when there is nothing. Never null. */
    public Map<String, Object> details() {
        return details == null ? Map.of() : Collections.unmodifiableMap(details); // null only after deserialization
    }

    /** The name this error has in a stored execution: the class's, with the model's "Error" for Java's "Exception". */
    public String errorName() {
        String name = Errors.simpleName(getClass());
        return name.endsWith("Exception") ? name.substring(0, name.length() - "Exception".length()) + "Error" : name;
    }
}
