package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The payload classes an executor knows, each under the names that rows may carry: the first is written, all are read.
 * Classes are registered in code and looked up here; a name in a row never loads one. Immutable and thread-safe.
 *
 * <p>Which payloads are accepted:
 *
 * <ul>
 *   <li>Always those of a registered class.
 *   <li>Unless the registry is strict, also those of the classes that a registered sealed type permits, at any depth:
 *       they are registered with it, each under its own name. In a strict registry only the classes given themselves
 *       count, and a type that nothing is exactly of cannot be given.
 *   <li>A subclass that is neither is refused either way, since nobody could read back as what it was: register it too.
 * </ul>
 *
 * <p>{@link JsonNode}, {@link Map} and {@link List} may be registered for payloads without a class of their own, in a
 * registry that is not strict; every payload that is one of these then counts as the first that fits, in this order.
 */
public final class EventTypes {
    /** Types without a shape of their own, which stand for all of their implementations. */
    static final List<Class<?>> OPEN = List.of(JsonNode.class, Map.class, List.class);

    private final Map<String, Class<?>> classes;
    private final Map<Class<?>, String> names;
    private final boolean strict;
    private final ApplicationJson json;

    EventTypes(Map<String, Class<?>> classes, Map<Class<?>, String> names, boolean strict, ApplicationJson json) {
        this.classes = classes;
        this.names = names;
        this.strict = strict;
        this.json = json;
    }

    /** Starts an empty registry that is not strict. */
    public static EventTypesBuilder builder() {
        return new EventTypesBuilder();
    }

    /** The registry of these classes, not strict, under their own names. */
    public static EventTypes of(Class<?>... types) {
        EventTypesBuilder builder = builder();
        for (Class<?> type : types) {
            builder.register(type);
        }
        return builder.build();
    }

    /** How these payloads are written and read, with the names that classes of sealed types have in their fields. */
    public ApplicationJson json() {
        return json;
    }

    /** The registered names, in order of registration. */
    public Set<String> names() {
        return classes.keySet();
    }

    /** Whether only the classes given themselves are accepted. */
    public boolean strict() {
        return strict;
    }

    /** The class registered under a name, its first or another; empty if there is none. */
    public Optional<Class<?>> classOf(String name) {
        return Optional.ofNullable(classes.get(name));
    }

    /**
     * The name under which a payload is stored: the first that its class was registered under.
     *
     * @throws IllegalArgumentException if its class is not accepted, naming those that are
     */
    public String nameOf(Object payload) {
        // The constants of an enum may have bodies, and then classes of their own.
        Class<?> type = payload instanceof Enum<?> constant ? constant.getDeclaringClass() : payload.getClass();
        String name = names.get(type);
        if (name != null) {
            return name;
        }
        for (Class<?> open : OPEN) {
            String openName = open.isInstance(payload) ? names.get(open) : null;
            if (openName != null) {
                return openName;
            }
        }
        throw refusal(type);
    }

    /**
     * The name of a registered class, the first if it has several.
     *
     * @throws IllegalArgumentException if it is not registered, naming those that are
     */
    public String nameOfClass(Class<?> type) {
        String name = names.get(type);
        if (name == null) {
            throw refusal(type);
        }
        return name;
    }

    private IllegalArgumentException refusal(Class<?> type) {
        String allowed =
                names.keySet().stream().map(Class::getTypeName).toList().toString();
        if (strict) {
            return new IllegalArgumentException(
                    "payload type %s is not in allowed types %s (strict_type=True, no subclasses allowed)"
                            .formatted(type.getTypeName(), allowed));
        }
        for (Class<?> known : names.keySet()) {
            if (known.isAssignableFrom(type)) {
                return new IllegalArgumentException(
                        "payload type %s is a subclass of the allowed type %s, but has no name to be stored and read back under: register it too"
                                .formatted(type.getTypeName(), known.getTypeName()));
            }
        }
        return new IllegalArgumentException("payload type %s is not a subclass of any allowed type %s; register it"
                .formatted(type.getTypeName(), allowed));
    }

    /** The registered names; classes are shown by their names only. */
    @Override
    public String toString() {
        return "EventTypes(" + String.join(", ", names()) + (strict ? ", strict)" : ")");
    }
}
