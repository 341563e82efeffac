package dev.millrace.process;

import com.fasterxml.jackson.core.JacksonException;
import dev.millrace.event.EventTimeoutException;
import dev.millrace.event.ExecutionException;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An error of the application's code as the log may have it: its class, its message without what the event holds, the first frames of
 * its stack trace, and its causes and suppressed exceptions likewise. Stands in for the error itself only where that would tell too
 * much, is too long, or cannot be described: its own methods may throw, and it may be its own cause.
 */
final class LoggedError extends Throwable {
    private static final long serialVersionUID = 1L;
    private static final int MOST_ERRORS = 50;
    private static final Pattern TIMEOUT = Pattern.compile("Operation timed out after [0-9.]+s");

    private LoggedError(String message, StackTraceElement[] frames) {
        super(message);
        setStackTrace(frames);
    }

    /** The frames are set anyhow. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }

    /**
     * The error itself, or one that stands in for it. Never throws.
     *
     * @param frames of each stack trace at most
     */
    static Throwable of(Throwable error, Redaction redaction, int frames) {
        try {
            Copy copy = new Copy(redaction, frames);
            LoggedError standIn = copy.of(error);
            return copy.differs ? standIn : error;
        } catch (Throwable e) {
            return new LoggedError(error.getClass().getName() + ": [cannot be described]", new StackTraceElement[0]);
        }
    }

    /** What stands in the log of its class and message. */
    static String text(Throwable error, Redaction redaction) {
        return new Copy(redaction, 0).text(error);
    }

    /** The message begins with the class of the error itself, which is the one that matters. */
    @Override
    @SuppressWarnings("OverrideThrowableToString")
    public String toString() {
        return String.valueOf(getMessage());
    }

    /** Copies one error with all that hangs on it. */
    private static final class Copy {
        private final Redaction redaction;
        private final int frames;
        private final Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        private boolean differs;

        Copy(Redaction redaction, int frames) {
            this.redaction = redaction;
            this.frames = frames;
        }

        LoggedError of(Throwable error) {
            if (!seen.add(error)) {
                differs = true;
                return new LoggedError("[as above: " + error.getClass().getName() + "]", new StackTraceElement[0]);
            }
            LoggedError copy = new LoggedError(text(error), frames(error));
            Throwable cause = cause(error);
            if (cause != null && hasRoom()) {
                copy.initCause(of(cause));
            }
            for (Throwable suppressed : error.getSuppressed()) {
                if (hasRoom()) {
                    copy.addSuppressed(of(suppressed));
                }
            }
            return copy;
        }

        private boolean hasRoom() {
            differs |= seen.size() >= MOST_ERRORS;
            return seen.size() < MOST_ERRORS;
        }

        private String text(Throwable error) {
            String name = error.getClass().getName();
            try {
                String message = error.getMessage();
                if (error instanceof Told) { // the library's own words, which quote nothing
                    differs = true; // so that it goes by the name that the application knows
                    return ExecutionException.class.getName() + ": " + message;
                }
                String plain = message == null ? name : name + ": " + message;
                String whole = error.toString();
                if (error instanceof JacksonException) { // quotes what it reads, whatever that is
                    differs = true;
                    return name + ": [not logged: Jackson quotes what it reads]";
                }
                if (message != null && isOwn(error, message)) {
                    return plain;
                }
                String shown = message == null ? name : name + ": " + redaction.in(message);
                differs |= whole.equals(plain)
                        ? !shown.equals(plain)
                        : !redaction.in(whole).equals(whole);
                return shown;
            } catch (Throwable e) {
                differs = true;
                return name + ": [no message: " + e.getClass().getName() + " was thrown]";
            }
        }

        /** A message that holds nothing but a number: a payload's words must not be looked for in it. */
        private static boolean isOwn(Throwable error, String message) {
            return error.getClass() == EventTimeoutException.class
                    && TIMEOUT.matcher(message).matches();
        }

        private StackTraceElement[] frames(Throwable error) {
            try {
                StackTraceElement[] all = error.getStackTrace();
                differs |= all.length > frames;
                return all.length > frames ? Arrays.copyOf(all, frames) : all;
            } catch (Throwable e) {
                differs = true;
                return new StackTraceElement[0];
            }
        }

        private @Nullable Throwable cause(Throwable error) {
            try {
                return error.getCause();
            } catch (Throwable e) {
                differs = true;
                return null;
            }
        }
    }
}
