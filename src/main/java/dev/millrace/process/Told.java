package dev.millrace.process;

import dev.millrace.event.ExecutionException;

/** An error that the library says of a handler, in words that hold nothing of the event. Has no stack trace: it was said, not thrown. */
final class Told extends ExecutionException {
    private static final long serialVersionUID = 1L;

    Told(String message) {
        super(message);
        setStackTrace(new StackTraceElement[0]);
    }

    /** The name of the class that the application knows. */
    @Override
    public String errorName() {
        return "ExecutionError";
    }
}
