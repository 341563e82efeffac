package dev.millrace.event;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A flow's progressions in order of arrival, found by id and by name. Names are unique, except that any number may have
 * none. A progression tells every pile that holds it before its name changes, so the index by name is never stale.
 *
 * <p>Confined to one thread.
 */
final class ProgressionPile {
    private final UUID id;
    private final Instant createdAt;
    private final ObjectNode metadata;
    private final boolean strictType;
    private final Map<UUID, Progression> byId = new LinkedHashMap<>();
    private final Map<String, Progression> byName = new HashMap<>();

    ProgressionPile() {
        this(UuidV7.next(), Instant.now(), JsonNodeFactory.instance.objectNode(), false);
    }

    ProgressionPile(UUID id, Instant createdAt, ObjectNode metadata, boolean strictType) {
        this.id = id;
        this.createdAt = createdAt;
        this.metadata = metadata.deepCopy();
        this.strictType = strictType;
    }

    UUID id() {
        return id;
    }

    Instant createdAt() {
        return createdAt;
    }

    ObjectNode metadata() {
        return metadata;
    }

    /** Without effect here: a progression has no subtypes. Kept because snapshots carry it. */
    boolean strictType() {
        return strictType;
    }

    /** Adds it at the end; {@link ExistsException} if its name or id is taken, and then nothing changes. */
    void add(Progression progression) {
        requireFree(progression.name());
        if (byId.containsKey(progression.id())) {
            throw new ExistsException("Item " + progression.id() + " already exists in pile");
        }
        byId.put(progression.id(), progression);
        register(progression.name(), progression);
        progression.heldBy(this);
    }

    void remove(Progression progression) {
        byId.remove(progression.id());
        unregister(progression.name());
        progression.releasedBy(this);
    }

    void clear() {
        byId.values().forEach(progression -> progression.releasedBy(this));
        byId.clear();
        byName.clear();
    }

    @Nullable
    Progression find(UUID wanted) {
        return byId.get(wanted);
    }

    @Nullable
    Progression find(String name) {
        return byName.get(name);
    }

    /** All of them in order; always current, and not to be changed through this. */
    Collection<Progression> all() {
        return Collections.unmodifiableCollection(byId.values());
    }

    /** Throws {@link ExistsException} if a progression here has that name; null and the empty name are always free. */
    void requireFree(@Nullable String name) {
        if (name != null && byName.containsKey(name)) {
            throw new ExistsException(
                    "Progression with name '%s' already exists. Names must be unique.".formatted(name));
        }
    }

    /** Takes note of a new name, which must be free; the progression still has its old one. */
    void renamed(Progression progression, @Nullable String newName) {
        unregister(progression.name());
        register(newName, progression);
    }

    private void register(@Nullable String name, Progression progression) {
        if (name != null && Progression.isNamed(name)) {
            byName.put(name, progression);
        }
    }

    private void unregister(@Nullable String name) {
        if (name != null) {
            byName.remove(name);
        }
    }
}
