package dev.millrace;

import dev.millrace.event.ExistsException;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.Progression;
import dev.millrace.store.Progressions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;

/**
 * The progressions that users keep in a flow beside the seven of the statuses: named, ordered sequences of its events, such
 * as stages of a business process. An event may be in any number of them, and stays there whatever its status does, until
 * it is cleaned up. Durable, and changed by one caller at a time, in whatever JVM. Thread-safe.
 */
public final class UserProgressions {
    private final Progressions store;
    private final int flow;

    UserProgressions(Progressions store, int flow) {
        this.store = store;
        this.flow = flow;
    }

    /**
     * Makes an empty progression.
     *
     * @throws ExistsException if the name is taken; of many who ask at once one succeeds
     * @throws IllegalArgumentException if the name is a status's, or no legal name
     */
    public void add(String name) {
        Objects.requireNonNull(name, "name");
        if (store.add(flow, name).isEmpty()) {
            throw new ExistsException(
                    "Progression with name '%s' already exists. Names must be unique.".formatted(name));
        }
    }

    /**
     * A progression as it is now: a copy, changing it changes nothing.
     *
     * @throws NotFoundException if there is none of that name
     */
    public Progression get(String name) {
        Objects.requireNonNull(name, "name");
        return store.find(flow, name).orElseThrow(() -> Progressions.notFound(name));
    }

    /** Adds events at the end, in this order; {@link NotFoundException} if the flow lacks one, and then none is added. */
    public void append(String name, UUID... events) {
        Objects.requireNonNull(name, "name");
        for (UUID event : Objects.requireNonNull(events, "events")) {
            Objects.requireNonNull(event, "events: an element");
        }
        store.append(flow, name, Arrays.asList(events));
    }

    /**
     * Changes a progression by any of its operations, while nobody else changes it.
     *
     * @param change gets the progression as it is; may be called again if the connection is lost meanwhile
     * @return what {@code change} returned
     * @throws NotFoundException if there is none of that name, or it would name events that are not in the flow
     */
    public <R> R update(String name, Function<Progression, R> change) {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(change, "change");
        return store.update(flow, name, change);
    }

    /** Removes a progression; its events stay where they are. {@link NotFoundException} if there is none. */
    public void remove(String name) {
        Objects.requireNonNull(name, "name");
        if (!store.remove(flow, name)) {
            throw Progressions.notFound(name);
        }
    }

    /** How many members each has, in order of their making; those that were restored without a name together as {@code unnamed}. */
    public Map<String, Integer> counts() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        for (Progression progression : store.all(flow)) {
            String name = progression.name();
            counts.merge(name == null ? "unnamed" : name, progression.size(), Integer::sum);
        }
        return counts;
    }
}
