package dev.millrace.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes one error and its children as the object that is stored; see {@link Errors#document} for its rules. Keeps to a
 * budget of bytes, since a group may contain itself, be shared by several others, or have a million members. For one
 * error, on one thread.
 */
final class ErrorDocument {
    static final int MAX_BYTES = 64 << 10;
    static final int MAX_MESSAGE_BYTES = 10 << 10;
    static final int MAX_DETAILS_BYTES = 8 << 10;
    static final int MAX_DEPTH = 100;

    private static final int MAX_NAME_BYTES = 256;
    private static final int FRAME_BYTES = 40; // ,"exceptions":[] and ,"omitted":2147483647

    private final Set<Throwable> path = Collections.newSetFromMap(new IdentityHashMap<>());
    private final int originBytes;
    private ErrorOrigin origin = new ErrorOrigin(0);
    private int left = MAX_BYTES;
    private boolean full;

    /** @param originBytes how much of it may be causes and stack traces; 0 for none */
    ErrorDocument(int originBytes) {
        this.originBytes = originBytes;
    }

    ObjectNode write(Throwable error) {
        List<Throwable> children = Errors.children(error);
        ObjectNode document = describe(error);
        if (originBytes > 0) {
            origin = new ErrorOrigin(Math.min(originBytes, left - size(document) - FRAME_BYTES));
            origin.addAll(document, error);
        }
        left -= size(document) + (children.isEmpty() ? 0 : FRAME_BYTES);
        addChildren(document, error, children, 0);
        return document;
    }

    private void addChildren(ObjectNode document, Throwable error, List<Throwable> children, int depth) {
        if (children.isEmpty()) {
            return;
        }
        ArrayNode exceptions = document.putArray("exceptions");
        path.add(error);
        for (Throwable child : children) {
            addChild(exceptions, child, depth + 1);
            if (full) {
                break;
            }
        }
        path.remove(error);
        if (exceptions.size() < children.size()) {
            document.put("omitted", children.size() - exceptions.size());
        }
    }

    private void addChild(ArrayNode siblings, Throwable child, int depth) {
        List<Throwable> children = Errors.children(child);
        boolean tooDeep = !children.isEmpty() && depth > MAX_DEPTH;
        boolean circular = !tooDeep && path.contains(child);
        ObjectNode document = tooDeep ? tooDeep(child, children.size()) : circular ? circular(child) : describe(child);
        if (!tooDeep && !circular) {
            origin.addCauses(document, child);
        }
        boolean leaf = children.isEmpty() || tooDeep || circular;
        int size = size(document) + 1 + (leaf ? 0 : FRAME_BYTES);
        if (size > left) {
            full = true;
            return;
        }
        left -= size;
        siblings.add(document);
        if (!leaf) {
            addChildren(document, child, children, depth);
        }
    }

    /** An error without its children. */
    private ObjectNode describe(Throwable error) {
        ObjectNode document = describe(error, MAX_MESSAGE_BYTES);
        if (error instanceof MillraceException known) {
            addDetails(document, known);
        }
        return document;
    }

    /** An error without its children and details, its message cut to so many bytes. */
    static ObjectNode describe(Throwable error, int messageBytes) {
        ObjectNode document = named(name(error), message(error, messageBytes));
        if (error instanceof MillraceException known) {
            document.put("retryable", known.retryable());
        }
        return document;
    }

    /** What only carries suppressed exceptions is not a group by name: it keeps its own name and message. */
    private static ObjectNode tooDeep(Throwable error, int children) {
        ObjectNode document = error instanceof ExceptionGroup
                ? named("ExceptionGroup", "Max nesting depth (" + MAX_DEPTH + ") exceeded")
                : named(name(error), message(error, MAX_MESSAGE_BYTES));
        return document.put("nested_count", children);
    }

    private static ObjectNode circular(Throwable error) {
        return named(error instanceof ExceptionGroup ? "ExceptionGroup" : name(error), "Circular reference detected");
    }

    private static ObjectNode named(String name, String message) {
        return JsonNodeFactory.instance.objectNode().put("error", name).put("message", message);
    }

    private static String name(Throwable error) {
        String name;
        try {
            name = error instanceof MillraceException known ? known.errorName() : Errors.simpleName(error.getClass());
        } catch (Throwable e) {
            Errors.rethrowIfFatal(e);
            name = error.getClass().getName();
        }
        return Texts.storable(name, MAX_NAME_BYTES);
    }

    private static String message(Throwable error, int mostBytes) {
        String message;
        try {
            message = error.getMessage();
        } catch (Throwable e) {
            Errors.rethrowIfFatal(e);
            message = "<no message: getMessage() threw " + e.getClass().getName() + ">";
        }
        return message == null ? "" : Texts.storable(message, mostBytes);
    }

    private void addDetails(ObjectNode document, MillraceException error) {
        Map<String, Object> details;
        try {
            details = error.details();
        } catch (Throwable e) {
            Errors.rethrowIfFatal(e);
            details = Map.of("unavailable", "details() threw " + e.getClass().getName());
        }
        if (!details.isEmpty()) {
            // At the root a long message of escaped characters may leave less than the usual room.
            int room = Math.max(1, Math.min(MAX_DETAILS_BYTES, left - size(document) - 4 * FRAME_BYTES));
            document.set("details", Json.response(details, room));
        }
    }

    static int size(ObjectNode document) {
        try {
            return Json.MAPPER.writeValueAsBytes(document).length;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of texts cannot be written", e);
        }
    }
}
