package dev.millrace.event;

import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.databind.JsonMappingException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Says where in a JSON document something is, such as {@code $.user.names[3]} or {@code $['a b']}. */
final class JsonPath {
    static final String ROOT = "$";

    private static final Pattern PLAIN = Pattern.compile("[\\p{L}_$][\\p{L}\\p{N}_$-]*");
    private static final int MAX_SHOWN = 12;

    private JsonPath() {}

    static String property(String parent, String name) {
        return parent + step(name);
    }

    /** Where a generator stands that is about to write a value. */
    static String ofNextValue(JsonStreamContext context) {
        Deque<String> steps = new ArrayDeque<>();
        if (context.inArray()) {
            steps.addFirst("[" + context.getEntryCount() + "]");
        } else if (context.hasCurrentName()) {
            steps.addFirst(step(context.getCurrentName()));
        }
        return join(above(context, steps));
    }

    /** Where a generator would stand that is about to write a property of that name. */
    static String ofNextName(JsonStreamContext context, String name) {
        Deque<String> steps = new ArrayDeque<>();
        steps.addFirst(step(name));
        return join(above(context, steps));
    }

    /** The path of a mapping error, which begins at the document's root. */
    static String of(List<JsonMappingException.Reference> references) {
        Deque<String> steps = new ArrayDeque<>();
        for (JsonMappingException.Reference reference : references) {
            String name = reference.getFieldName();
            steps.addLast(name == null ? "[" + reference.getIndex() + "]" : step(name));
        }
        return join(steps);
    }

    private static Deque<String> above(JsonStreamContext context, Deque<String> steps) {
        JsonStreamContext outer = context.getParent();
        while (outer != null && !outer.inRoot()) {
            steps.addFirst(outer.inArray() ? "[" + outer.getCurrentIndex() + "]" : step(outer.getCurrentName()));
            outer = outer.getParent();
        }
        return steps;
    }

    private static String step(@Nullable String name) {
        if (name == null) {
            return "[?]";
        }
        return name.length() <= 40 && PLAIN.matcher(name).matches() ? "." + name : "[" + Texts.quoted(name) + "]";
    }

    /** A path of hundreds of steps (a cycle, mostly) is shown by both its ends. */
    private static String join(Deque<String> steps) {
        StringBuilder path = new StringBuilder(ROOT);
        int at = 0;
        for (String step : steps) {
            if (at < MAX_SHOWN || at >= steps.size() - MAX_SHOWN) {
                path.append(step);
            } else if (at == MAX_SHOWN) {
                path.append("...");
            }
            at++;
        }
        return path.toString();
    }
}
