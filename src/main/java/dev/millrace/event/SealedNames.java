package dev.millrace.event;

import com.fasterxml.jackson.databind.jsontype.NamedType;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The names under which the classes that sealed types permit stand in fields: those registered, the first for writing
 * and all for reading, and the one in an {@link EventType}. Immutable and thread-safe.
 *
 * @param registered the names of each class that is below a sealed type, the one to write first
 */
record SealedNames(Map<Class<?>, List<String>> registered) {
    /** The property that carries the name. */
    static final String PROPERTY = "@type";

    static final SealedNames NONE = new SealedNames(Map.of());

    SealedNames {
        registered = Map.copyOf(registered);
    }

    /** Of what was registered, in the order of preference; only classes below a sealed type matter. */
    static SealedNames of(Map<Class<?>, List<String>> registered) {
        Map<Class<?>, List<String>> relevant = new LinkedHashMap<>();
        registered.forEach((type, names) -> {
            if (isBelowSealed(type)) {
                relevant.put(type, List.copyOf(names));
            }
        });
        return relevant.isEmpty() ? NONE : new SealedNames(relevant);
    }

    boolean isEmpty() {
        return registered.isEmpty();
    }

    /** Whether nothing is exactly of that type, and all that can be is known. */
    static boolean isSealedBase(Class<?> type) {
        return type.isSealed() && isAbstract(type);
    }

    static boolean isAbstract(Class<?> type) {
        return Modifier.isAbstract(type.getModifiers()) && !type.isEnum() && !type.isArray() && !type.isPrimitive();
    }

    /** What a sealed type permits at any depth, without the sealed types in between of which nothing can be. */
    static Set<Class<?>> permitted(Class<?> sealed) {
        Set<Class<?>> permitted = new LinkedHashSet<>();
        collect(sealed, permitted);
        return permitted;
    }

    private static void collect(Class<?> type, Set<Class<?>> permitted) {
        boolean sealed = type.isSealed() && !type.isEnum(); // an enum is sealed if its constants have bodies
        if (!sealed || !isAbstract(type)) {
            permitted.add(type);
        }
        if (sealed) {
            for (Class<?> next : type.getPermittedSubclasses()) {
                collect(next, permitted);
            }
        }
    }

    /** The names of a class, the one to write first; empty if it has none. */
    List<String> namesOf(Class<?> type) {
        Set<String> names = new LinkedHashSet<>(registered.getOrDefault(type, List.of()));
        EventType annotation = type.getAnnotation(EventType.class);
        if (annotation != null) {
            names.add(annotation.value());
        }
        return List.copyOf(names);
    }

    /** Those that a sealed type permits and that have no name, or stand for others that are not known. */
    List<Class<?>> nameless(Class<?> sealed) {
        return permitted(sealed).stream()
                .filter(type -> isAbstract(type) || namesOf(type).isEmpty())
                .toList();
    }

    /** Whether all that a sealed type permits have names. */
    boolean cover(Class<?> type) {
        return isSealedBase(type) && nameless(type).isEmpty();
    }

    /** All names of all that a sealed type permits. */
    List<NamedType> of(Class<?> sealed) {
        List<NamedType> named = new ArrayList<>();
        for (Class<?> type : permitted(sealed)) {
            for (String name : namesOf(type)) {
                named.add(new NamedType(type, name));
            }
        }
        return named;
    }

    private static boolean isBelowSealed(Class<?> type) {
        Class<?> above = type.getSuperclass();
        if (above != null && (isSealedBase(above) || isBelowSealed(above))) {
            return true;
        }
        for (Class<?> next : type.getInterfaces()) {
            if (isSealedBase(next) || isBelowSealed(next)) {
                return true;
            }
        }
        return false;
    }
}
