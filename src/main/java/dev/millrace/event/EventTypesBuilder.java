package dev.millrace.event;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
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
    private final List<Given> nested = new ArrayList<>();
    private @Nullable Class<?> base;
    private boolean strict;

    EventTypesBuilder() {}

    /**
     * The class that all payloads are of. It is registered before the others, with what it permits if it is sealed, except for
     * the classes that are registered themselves. If nothing can be exactly of it (it is abstract, and open or in a strict
     * registry), only the others are registered.
     */
    public EventTypesBuilder base(Class<?> type) {
        this.base = type;
        return this;
    }

    /** Registers a class under its {@link EventType} or, without one, its simple name in kebab-case. */
    public EventTypesBuilder register(Class<?> type) {
        given.add(new Given(type, null));
        return this;
    }

    /**
     * Registers a concrete class under a name of the caller's. A class may be registered under several names: its payloads
     * are stored under the first and read under all of them, such as events from before it was renamed.
     */
    public EventTypesBuilder register(String name, Class<?> type) {
        given.add(new Given(type, Names.check("event type name", name)));
        return this;
    }

    /**
     * Names a class, or what a sealed one permits, for fields of a sealed type, under its {@link EventType} or its simple
     * name in kebab-case. It does not become a payload class.
     */
    public EventTypesBuilder registerNested(Class<?> type) {
        nested.add(new Given(type, null));
        return this;
    }

    /** As {@link #registerNested(Class)}, a concrete class under a name of the caller's; the first is written, all are read. */
    public EventTypesBuilder registerNested(String name, Class<?> type) {
        nested.add(new Given(type, Names.check("nested type name", name)));
        return this;
    }

    /** Whether only the classes given themselves are accepted; they are not by default. */
    public EventTypesBuilder strict(boolean strict) {
        this.strict = strict;
        return this;
    }

    /** As {@link #build(ApplicationJson)}, with the default JSON. */
    public EventTypes build() {
        return build(ApplicationJson.DEFAULT);
    }

    /**
     * The registry.
     *
     * @throws IllegalArgumentException if nothing was registered, a class cannot be a payload type or cannot be read back
     *     from that JSON, or two classes would have one name
     */
    public EventTypes build(ApplicationJson json) {
        Map<String, Class<?>> classes = new LinkedHashMap<>();
        Map<Class<?>, String> names = new LinkedHashMap<>();
        addBase(classes, names);
        for (Given next : given) {
            for (Class<?> type : concrete(next)) {
                add(classes, names, type, next.name == null ? TypeNames.of(type) : next.name);
            }
        }
        if (classes.isEmpty()) {
            throw new IllegalArgumentException("no event type is registered; register the payload classes");
        }
        ApplicationJson named = json.naming(SealedNames.of(nestedNames(classes)));
        for (Class<?> type : names.keySet()) {
            TypeNames.checkReadable(type, named);
        }
        return new EventTypes(Collections.unmodifiableMap(classes), Collections.unmodifiableMap(names), strict, named);
    }

    private void addBase(Map<String, Class<?>> classes, Map<Class<?>, String> names) {
        Class<?> type = base;
        if (type == null) {
            return;
        }
        boolean open = SealedNames.isAbstract(type) && (strict || !(type.isSealed() || EventTypes.OPEN.contains(type)));
        if (!given.isEmpty() && (open || type == Object.class)) {
            return;
        }
        Set<Class<?>> themselves = new HashSet<>();
        given.forEach(next -> themselves.addAll(concrete(next)));
        for (Class<?> next : concrete(new Given(type, null))) {
            if (!themselves.contains(next)) {
                add(classes, names, next, TypeNames.of(next));
            }
        }
    }

    private static void add(Map<String, Class<?>> classes, Map<Class<?>, String> names, Class<?> type, String name) {
        Class<?> namesake = classes.putIfAbsent(name, type);
        if (namesake != null && namesake != type) {
            throw new IllegalArgumentException(
                    "event type name %s is taken by %s; give %s another with @EventType or register(name, class)"
                            .formatted(Texts.quoted(name), namesake.getTypeName(), type.getTypeName()));
        }
        names.putIfAbsent(type, name); // the first is written
    }

    /** What classes are called in fields: as registered for that, then as payloads. */
    private Map<Class<?>, List<String>> nestedNames(Map<String, Class<?>> classes) {
        Map<Class<?>, Set<String>> names = new HashMap<>();
        for (Given next : nested) {
            Set<Class<?>> permitted =
                    next.type.isSealed() && !next.type.isEnum() ? SealedNames.permitted(next.type) : Set.of(next.type);
            if (next.name != null && !permitted.equals(Set.of(next.type))) {
                throw severalClasses(next.type);
            }
            for (Class<?> type : permitted) {
                if (SealedNames.isAbstract(type)) {
                    throw new IllegalArgumentException(
                            "%s cannot be a nested type: it is abstract and not sealed, so its classes are not known: register those"
                                    .formatted(type.getTypeName()));
                }
                names.computeIfAbsent(type, none -> new LinkedHashSet<>())
                        .add(next.name == null ? TypeNames.of(type) : next.name);
            }
        }
        classes.forEach((name, type) ->
                names.computeIfAbsent(type, none -> new LinkedHashSet<>()).add(name));
        Map<Class<?>, List<String>> lists = new HashMap<>();
        names.forEach((type, all) -> lists.put(type, List.copyOf(all)));
        return lists;
    }

    /** The classes whose instances there can be: the type itself, or what a sealed one permits. */
    private Set<Class<?>> concrete(Given given) {
        if (strict) {
            if (SealedNames.isAbstract(given.type)) {
                throw refusal(
                        given.type, "is abstract, and a strict registry accepts exact classes only: register those");
            }
            TypeNames.checkPayloadClass(given.type);
            return Set.of(given.type);
        }
        Set<Class<?>> concrete = new LinkedHashSet<>();
        collect(given.type, concrete);
        if (given.name != null && !concrete.equals(Set.of(given.type))) {
            throw severalClasses(given.type);
        }
        return concrete;
    }

    private void collect(Class<?> type, Set<Class<?>> concrete) {
        boolean sealed = type.isSealed() && !type.isEnum(); // an enum is sealed if its constants have bodies
        boolean isAbstract = SealedNames.isAbstract(type);
        if (!sealed && isAbstract && !EventTypes.OPEN.contains(type)) {
            throw refusal(type, "is abstract and not sealed, so its classes are not known: register those");
        }
        if (!sealed || !isAbstract) {
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

    private static IllegalArgumentException severalClasses(Class<?> type) {
        return refusal(type, "stands for several classes and cannot have one name: register them one by one");
    }

    private static IllegalArgumentException refusal(Class<?> type, String why) {
        return new IllegalArgumentException(type.getTypeName() + " cannot be an event type: it " + why);
    }
}
