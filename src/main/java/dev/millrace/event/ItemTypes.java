package dev.millrace.event;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The event types that a pile lets in, by name. Names know no subtypes, so {@code strict} decides nothing here; it says
 * how the list was meant, and how a refusal is worded. Immutable.
 *
 * @param names in the order given; empty for any type
 */
record ItemTypes(Set<String> names, boolean strict) {
    ItemTypes {
        names = Collections.unmodifiableSet(new LinkedHashSet<>(names));
    }

    boolean allow(String type) {
        return names.isEmpty() || names.contains(type);
    }

    /** Why events of that type are not let in, as the model words it. */
    String refusal(String type) {
        return (strict
                        ? "Item type '%s' not in allowed types %s (strict_type=True, no subclasses allowed)"
                        : "Item type '%s' is not a subclass of any allowed type %s")
                .formatted(type, names);
    }
}
