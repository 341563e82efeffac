package dev.millrace.event;

import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Collects payload classes for an {@link EventTypes}. For one thread. */
public final class EventTypesBuilder {
    /** A class to register, under the name given or, if null, under its own. */
    private record Given(Class<?> type, @Nullable String name) {}

    private final List<Given> given = new ArrayList<>();
    private boolean strict;

    EventTypesBuilder() {}

    /** Registers a class under its {@link EventType} or, without one, its simple name in kebab-case. */
    public EventTypesBuilder register(Class<?> type) {
        given.add(new Given(type, null));
        return this;
    }

    /** Registers a concrete class under a name of the caller's. */
    public EventTypesBuilder register(String name, Class<?> type) {
        given.add(new Given(type, Names.check("event type name", name)));
        return this;
    }

    /** Whether only the classes given themselves are accepted; they are not by default. */
    public EventTypesBuilder strict(boolean strict) {
        this.strict = strict;
        return this;
    }

    /**
     * The registry.
     *
     * @throws IllegalArgumentException if nothing was registered, a class cannot be a payload type, or two classes would
     *     have one name or one class two
     */
    public EventTypes build() {
        if (given.isEmpty()) {
            throw new IllegalArgumentException("no event type is registered; register the payload classes");
        }
        Map<String, Class<?>> classes = new LinkedHashMap<>();
        Map<Class<?>, String> names = new LinkedHashMap<>();
        for (Given next : given) {
            for (Class<?> type : concrete(next)) {
                add(classes, names, type, next.name == null ? TypeNames.of(type) : next.name);
            }
        }
        return new EventTypes(Collections.unmodifiableMap(classes), Collections.unmodifiableMap(names), strict);
    }

    private static void add(Map<String, Class<?>> classes, Map<Class<?>, String> names, Class<?> type, String name) {
        Class<?> namesake = classes.putIfAbsent(name, type);
        if (namesake != null && namesake != type) {
            throw new IllegalArgumentException(
                    "event type name %s is taken by %s; give %s another with @EventType or register(name, class)"
                            .formatted(Texts.quoted(name), namesake.getTypeName(), type.getTypeName()));
        }
        String other = names.putIfAbsent(type, name);
        if (other != null && !other.equals(name)) {
            throw new IllegalArgumentException("%s is registered under two names, %s and %s; register it once"
                    .formatted(type.getTypeName(), Texts.quoted(other), Texts.quoted(name)));
        }
    }

    /** The classes whose instances there can be: the type itself, or what a sealed one permits. */
    private Set<Class<?>> concrete(Given given) {
        Set<Class<?>> concrete = new LinkedHashSet<>();
        if (strict) {
            if (isAbstract(given.type)) {
                throw refusal(
                        given.type, "is abstract, and a strict registry accepts exact classes only: register those");
            }
            TypeNames.checkPayloadClass(given.type);
            return Set.of(given.type);
        }
        collect(given.type, concrete);
        if (given.name != null && (concrete.size() != 1 || !concrete.contains(given.type))) {
            throw refusal(given.type, "stands for several classes and cannot have one name: register them one by one");
        }
        return concrete;
    }

    private void collect(Class<?> type, Set<Class<?>> concrete) {
        boolean sealed = type.isSealed() && !type.isEnum(); // an enum is sealed if its constants have bodies
        if (!sealed && isAbstract(type) && !EventTypes.OPEN.contains(type)) {
            throw refusal(type, "is abstract and not sealed, so its classes are not known: register those");
        }
        if (!sealed || !isAbstract(type)) {
            TypeNames.checkPayloadClass(type);
            concrete.add(type);
        } else if (type.isAnnotationPresent(EventType.class)) {
            throw refusal(type, "is sealed and has no payloads of its own: name the classes it permits");
        }
        if (sealed) {
            for (Class<?> permitted : type.getPermittedSubclasses()) {
                collect(permitted, concrete);
            }
        }
    }

    private static boolean isAbstract(Class<?> type) {
        return Modifier.isAbstract(type.getModifiers()) && !type.isEnum() && !type.isArray() && !type.isPrimitive();
    }

    private static IllegalArgumentException refusal(Class<?> type, String why) {
        return new IllegalArgumentException(type.getTypeName() + " cannot be an event type: it " + why);
    }
}
