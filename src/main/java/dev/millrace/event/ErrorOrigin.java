package dev.millrace.event;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a stored error came from: its causes, and the trimmed stack traces of all of them. Keeps to a budget of bytes. For one
 * document, on one thread.
 */
final class ErrorOrigin {
    static final int MAX_CAUSES = 16;
    static final int MAX_CAUSE_MESSAGE_BYTES = 1 << 10;

    private static final int KEY_BYTES = 24; // ,"causes_omitted":1234567 and the like
    private static final int MORE_BYTES = 24; // \n... 2147483647 more

    private int left;

    /** @param bytes the most that all of it may take as JSON; 0 for nothing at all */
    ErrorOrigin(int bytes) {
        this.left = bytes;
    }

    /** Adds {@code trace} and {@code causes} to a document that describes the error. */
    void addAll(ObjectNode document, Throwable error) {
        List<Throwable> described = new ArrayList<>(List.of(error));
        List<ObjectNode> documents = new ArrayList<>(List.of(document));
        addCauses(document, error, described, documents);
        for (int i = 0; i < described.size(); i++) {
            StackTraceElement[] enclosing = i == 0 ? new StackTraceElement[0] : frames(described.get(i - 1));
            int share = left / (described.size() - i); // what one does not need is left to those after it
            String trace = trace(frames(described.get(i)), enclosing, share - KEY_BYTES);
            if (!trace.isEmpty()) {
                documents.get(i).put("trace", trace);
                left -= jsonBytes(trace) + KEY_BYTES;
            }
        }
    }

    /** Adds {@code causes} only. */
    void addCauses(ObjectNode document, Throwable error) {
        addCauses(document, error, new ArrayList<>(), new ArrayList<>());
    }

    private void addCauses(
            ObjectNode document, Throwable error, List<Throwable> described, List<ObjectNode> documents) {
        List<Throwable> chain = left <= KEY_BYTES ? List.of() : causes(error);
        if (chain.isEmpty()) {
            return;
        }
        left -= KEY_BYTES;
        ArrayNode causes = document.putArray("causes");
        for (Throwable cause : chain.subList(0, Math.min(chain.size(), MAX_CAUSES))) {
            ObjectNode one = ErrorDocument.describe(cause, MAX_CAUSE_MESSAGE_BYTES);
            addSuppressed(one, cause);
            int size = ErrorDocument.size(one) + 1;
            if (size > left - KEY_BYTES) {
                break;
            }
            left -= size;
            causes.add(one);
            described.add(cause);
            documents.add(one);
        }
        if (causes.isEmpty()) {
            document.remove("causes");
        }
        if (causes.size() < chain.size()) {
            document.put("causes_omitted", chain.size() - causes.size());
            left -= KEY_BYTES;
        }
    }

    /** What was suppressed by a cause, such as the failure to close what it broke. */
    private void addSuppressed(ObjectNode document, Throwable cause) {
        List<Throwable> suppressed = Errors.children(cause);
        if (!suppressed.isEmpty()) {
            ArrayNode exceptions = document.putArray("exceptions");
            suppressed.stream()
                    .limit(MAX_CAUSES)
                    .forEach(one -> exceptions.add(ErrorDocument.describe(one, MAX_CAUSE_MESSAGE_BYTES)));
        }
    }

    /** Its causes, the nearest first, each of them once. */
    static List<Throwable> causes(Throwable error) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        seen.add(error);
        List<Throwable> causes = new ArrayList<>();
        for (Throwable next = cause(error); next != null && seen.add(next); next = cause(next)) {
            causes.add(next);
        }
        return causes;
    }

    private static @Nullable Throwable cause(Throwable error) {
        try {
            return error.getCause();
        } catch (Throwable e) {
            Errors.rethrowIfFatal(e);
            return null;
        }
    }

    /** Where it was thrown, without what runs the application's code. */
    private static StackTraceElement[] frames(Throwable error) {
        try {
            StackTraceElement[] frames = error.getStackTrace();
            int end = frames.length;
            while (end > 0 && isOurs(frames[end - 1])) {
                end--;
            }
            return end == 0 || end == frames.length ? frames : Arrays.copyOf(frames, end);
        } catch (Throwable e) {
            Errors.rethrowIfFatal(e);
            return new StackTraceElement[0];
        }
    }

    private static boolean isOurs(StackTraceElement frame) {
        String name = frame.getClassName();
        return name.startsWith("dev.millrace.process.")
                || name.equals("java.lang.VirtualThread")
                || name.equals("java.lang.Thread");
    }

    /** Frames one a line, without those that it has in common with what it caused, but at least the first. */
    private static String trace(StackTraceElement[] frames, StackTraceElement[] enclosing, int bytes) {
        int own = frames.length;
        int other = enclosing.length;
        while (own > 1 && other > 0 && frames[own - 1].equals(enclosing[other - 1])) {
            own--;
            other--;
        }
        StringBuilder text = new StringBuilder();
        int room = bytes - MORE_BYTES;
        int written = 0;
        for (; written < own; written++) {
            String line = line(frames[written]);
            room -= jsonBytes(line) + 2;
            if (room < 0) {
                break;
            }
            text.append(written == 0 ? "" : "\n").append(line);
        }
        if (written < own && written > 0) {
            text.append("\n... ").append(own - written).append(" more");
        }
        return text.toString();
    }

    private static String line(StackTraceElement frame) {
        String place = frame.isNativeMethod()
                ? "native"
                : (frame.getFileName() == null ? "unknown" : frame.getFileName())
                        + (frame.getLineNumber() < 0 ? "" : ":" + frame.getLineNumber());
        return Texts.clean(frame.getClassName() + "." + frame.getMethodName() + "(" + place + ")");
    }

    /** What a text takes within a JSON document, at most. */
    private static int jsonBytes(String text) {
        int bytes = 2;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            bytes += c >= 0x80 ? 3 : c == '\n' || c == '"' || c == '\\' ? 2 : c < 0x20 ? 6 : 1;
        }
        return bytes;
    }
}
