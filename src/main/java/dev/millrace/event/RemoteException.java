package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An error that was met where an event ran, as far as it is stored with the event: its kind and message, whether trying again
 * may help, as suppressed exceptions its children, and as causes its causes. Its stack trace is the stored one, of where it was
 * thrown there; none if that is not stored.
 */
public final class RemoteException extends MillraceException {
    private static final long serialVersionUID = 1L;

    /** A frame, as {@link Errors#document(Throwable, int)} writes it. */
    private static final Pattern FRAME = Pattern.compile("(.+)\\.([^.(]+)\\(([^:()]*)(?::(\\d{1,9}))?\\)");

    private final String kind;
    private final String said;
    private final transient @Nullable JsonNode document;

    /** The error of a stored document, as {@link Errors#document} writes it; what is missing in it is left empty. */
    public RemoteException(JsonNode document) {
        this(document, document.path("causes"), 0);
    }

    private RemoteException(JsonNode document, JsonNode causes, int next) {
        super(
                document.path("error").asText("") + ": "
                        + document.path("message").asText(""),
                next < causes.size() ? new RemoteException(causes.path(next), causes, next + 1) : null,
                document.path("retryable").asBoolean(true));
        this.kind = document.path("error").asText("");
        this.said = document.path("message").asText("");
        this.document = document;
        setStackTrace(frames(trace())); // where it was made here says nothing of where it was met
        for (JsonNode child : document.path("exceptions")) {
            addSuppressed(new RemoteException(child));
        }
    }

    /** The stored name of the error: a simple class name, or one of the model's such as {@code TimeoutError}. */
    public String kind() {
        return kind;
    }

    /** The message it had there; {@link #getMessage} has the kind before it. */
    public String message() {
        return said;
    }

    /** The stored document, with whatever else it says, such as {@code details}. */
    public JsonNode document() {
        return Objects.requireNonNull(document, "not kept by serialization");
    }

    /** Where it was thrown, one frame a line, the innermost first, as far as that is stored; empty if it is not. */
    public String trace() {
        return document().path("trace").asText("");
    }

    private static StackTraceElement[] frames(String trace) {
        return trace.lines()
                .map(FRAME::matcher)
                .filter(Matcher::matches)
                .map(frame ->
                        new StackTraceElement(frame.group(1), frame.group(2), frame.group(3), line(frame.group(4))))
                .toArray(StackTraceElement[]::new);
    }

    private static int line(@Nullable String number) {
        return number == null ? -1 : Integer.parseInt(number);
    }

    /** The error, its children and its causes, one a line, each child indented by two spaces more than its parent. */
    public String text() {
        StringBuilder text = new StringBuilder();
        describe(text, "");
        return text.toString();
    }

    private void describe(StringBuilder text, String indent) {
        text.append(indent).append(getMessage());
        for (Throwable child : getSuppressed()) {
            if (child instanceof RemoteException remote) {
                text.append('\n');
                remote.describe(text, indent + "  ");
            }
        }
        if (getCause() instanceof RemoteException cause) {
            text.append('\n').append(indent).append("caused by ");
            cause.describe(text, indent);
        }
    }

    @Override
    public String errorName() {
        return kind;
    }
}
