package dev.millrace.event;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of an error: the object that is stored, whether trying again may help, and how two become one.
 *
 * <p>The <em>children</em> of an error are those of an {@link ExceptionGroup}, then its suppressed exceptions, whatever
 * its class: what went wrong while closing is part of what went wrong. Causes are not children: they are stored beside them, and
 * only of what the application's code has thrown.
 */
public final class Errors {
    private Errors() {}

    /**
     * The error as it is stored: {@code error} (its name), {@code message}; of a {@link MillraceException} also
     * {@code retryable} and, if there are any, {@code details}; and {@code exceptions} if it has children. Never fails,
     * whatever the error's own methods do.
     *
     * <p>Groups below level 100 are cut, and so is one that contains itself. A message takes at most
     * 10,240 bytes of UTF-8 and says at its end how long it was; details over 8 KiB are replaced by their size. The
     * whole takes at most 64 KiB as JSON: children are written depth first while there is room, and each error whose
     * children were left out says in {@code omitted} how many. NUL and half surrogates become U+FFFD.
     */
    public static ObjectNode document(Throwable error) {
        return document(error, 0);
    }

    /**
     * As {@link #document(Throwable)}, with where it came from: {@code causes}, the nearest first, each as an error of its own with at most
     * 1,024 bytes of message and what it suppressed; and in {@code trace} of the error and of each cause its stack trace, one frame
     * a line, without the frames that run handlers and those that it shares with what it caused. At most 16 causes;
     * {@code causes_omitted} says how many are missing. Errors among the children have their {@code causes} too.
     *
     * @param originBytes how many bytes of the document that may take, 0 for nothing of it
     */
    public static ObjectNode document(Throwable error, int originBytes) {
        return new ErrorDocument(originBytes).write(error);
    }

    /**
     * Whether trying again may help: false as soon as one library error that says so is among the error and its
     * children, at any depth; true otherwise, so for unknown exceptions.
     */
    public static boolean retryable(Throwable error) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Throwable> open = new ArrayDeque<>(List.of(error));
        while (!open.isEmpty()) {
            Throwable next = open.pop();
            if (!seen.add(next)) {
                continue;
            }
            if (next instanceof MillraceException known && !known.retryable()) {
                return false;
            }
            children(next).forEach(open::push);
        }
        return true;
    }

    /**
     * Both errors as one: {@code next} itself if there is none yet; otherwise a group "multiple errors" of the
     * two. A group that exists is flattened by one level, and its message is lost. Unlike in the model an {@link Error}
     * may be added as well: to lose it would be worse.
     */
    public static Throwable add(@Nullable Throwable existing, Throwable next) {
        if (existing == null) {
            return next;
        }
        if (!(existing instanceof ExceptionGroup group)) {
            return new ExceptionGroup("multiple errors", List.of(existing, next));
        }
        List<Throwable> all = new ArrayList<>(group.exceptions());
        all.add(next);
        ExceptionGroup both = new ExceptionGroup("multiple errors", all);
        for (Throwable suppressed : group.getSuppressed()) {
            both.addSuppressed(suppressed);
        }
        return both;
    }

    /** A group's members, then what was suppressed. */
    static List<Throwable> children(Throwable error) {
        Throwable[] suppressed = error.getSuppressed();
        if (!(error instanceof ExceptionGroup group)) {
            return List.of(suppressed);
        }
        List<Throwable> children = new ArrayList<>();
        try {
            children.addAll(group.exceptions());
        } catch (Throwable e) {
            rethrowIfFatal(e);
            children.add(e); // a subclass of the user's; its own failure is all there is to tell
        }
        children.addAll(Arrays.asList(suppressed));
        children.removeIf(Objects::isNull);
        return children;
    }

    /** The class's simple name; of an anonymous class that of the first class above it that has one. */
    static String simpleName(Class<?> type) {
        Class<?> named = type;
        while (named != null && named.getSimpleName().isEmpty()) {
            named = named.getSuperclass();
        }
        return named == null ? type.getName() : named.getSimpleName();
    }

    /** Lets pass what nobody should hold up: a JVM in trouble, other than a stack that was too deep. */
    static void rethrowIfFatal(Throwable error) {
        if (error instanceof VirtualMachineError fatal && !(error instanceof StackOverflowError)) {
            throw fatal;
        }
    }
}
