package dev.millrace.event;

import java.util.List;

/** Several errors that happened together. Its children decide whether it is retryable: all of them must be. */
public class ExceptionGroup extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<Throwable> exceptions;

    /** A group of at least one error; {@code message} names what they have in common. */
    public ExceptionGroup(String message, List<? extends Throwable> exceptions) {
        super(message + " (" + exceptions.size() + (exceptions.size() == 1 ? " sub-exception)" : " sub-exceptions)"));
        if (exceptions.isEmpty()) {
            throw new IllegalArgumentException("a group needs at least one exception");
        }
        this.exceptions = List.copyOf(exceptions);
    }

    /** The children, in the order given. */
    public List<Throwable> exceptions() {
        return exceptions == null ? List.of() : exceptions; // null only after Java deserialization
    }
}
