package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An ordered map from id to event: the items of a {@link Flow}. Keeps the order in which events were added.
 *
 * <p>It may be limited to events of certain types. Types are names, never classes, and names know no subtypes: the
 * names given are the only ones let in, whether the pile is strict or not. Equal to another pile by id alone.
 *
 * <p>Mutable and confined to one thread. Iterating while changing it throws {@link
 * java.util.ConcurrentModificationException}.
 */
public final class Pile implements Iterable<Event<JsonNode>> {
    private final UUID id;
    private final Instant createdAt;
    private final ObjectNode metadata;
    private final ItemTypes types;
    private final Map<UUID, Event<JsonNode>> items = new LinkedHashMap<>();
    private @Nullable List<Event<JsonNode>> positions; // the items as a list; null after a change, until asked for

    /** A new, empty pile for events of any type. */
    public Pile() {
        this(Set.of(), false);
    }

    /**
     * A new, empty pile.
     *
     * @param itemTypes names of the event types let in; empty for any
     * @param strictType whether the types were meant without their subtypes; kept for whoever made the list
     */
    public Pile(Set<String> itemTypes, boolean strictType) {
        this(UuidV7.next(), Instant.now(), JsonNodeFactory.instance.objectNode(), itemTypes, strictType, List.of());
    }

    /** A pile as it was; the metadata is copied. Throws as {@link #add} does. */
    public Pile(
            UUID id,
            Instant createdAt,
            ObjectNode metadata,
            Set<String> itemTypes,
            boolean strictType,
            Iterable<Event<JsonNode>> items) {
        this.id = Objects.requireNonNull(id, "id");
        this.createdAt = Objects.requireNonNull(createdAt, "createdAt");
        this.metadata = metadata.deepCopy();
        this.types = new ItemTypes(itemTypes, strictType);
        items.forEach(this::add);
    }

    /** Its identity. */
    public UUID id() {
        return id;
    }

    /** When it was made. */
    public Instant createdAt() {
        return createdAt;
    }

    /** The application's notes: the live object, so changing it changes this pile. */
    public ObjectNode metadata() {
        return metadata;
    }

    /** Names of the event types let in, as given; empty for any. Fixed. */
    public Set<String> itemTypes() {
        return types.names();
    }

    /** Whether the types were meant without their subtypes. Fixed. */
    public boolean strictType() {
        return types.strict();
    }

    /**
     * Adds the event at the end.
     *
     * @throws ExistsException if its id is in already
     * @throws IllegalArgumentException if its type is not let in
     */
    public void add(Event<JsonNode> item) {
        Objects.requireNonNull(item, "item");
        requireType(item);
        if (items.containsKey(item.id())) {
            throw new ExistsException("Item " + item.id() + " already exists in pile");
        }
        put(item);
    }

    /**
     * Puts the event in the place of the one with its id.
     *
     * @throws NotFoundException if there is none
     * @throws IllegalArgumentException if its type is not let in
     */
    public void update(Event<JsonNode> item) {
        Objects.requireNonNull(item, "item");
        requireType(item);
        get(item.id());
        put(item);
    }

    /** Takes the event out; {@link NotFoundException} if it is not in. */
    public Event<JsonNode> remove(UUID wanted) {
        Objects.requireNonNull(wanted, "wanted");
        Event<JsonNode> item = get(wanted);
        pop(wanted, null);
        return item;
    }

    /** Takes the event out; {@code otherwise}, which may be null, if it is not in. */
    public @Nullable Event<JsonNode> pop(UUID wanted, @Nullable Event<JsonNode> otherwise) {
        Objects.requireNonNull(wanted, "wanted");
        Event<JsonNode> item = items.remove(wanted);
        if (item == null) {
            return otherwise;
        }
        positions = null;
        return item;
    }

    /** Adds the event unless one of its id is in; whether one is in now: false only if its type is not let in. */
    public boolean include(Event<JsonNode> item) {
        Objects.requireNonNull(item, "item");
        if (!items.containsKey(item.id())) {
            if (!types.allow(item.type())) {
                return false;
            }
            put(item);
        }
        return true;
    }

    /** Takes out the event, UUID or UUID text if it is in; whether it is out now: false only for what has no id. */
    public boolean exclude(@Nullable Object item) {
        UUID unwanted = ItemIds.of(item);
        if (unwanted == null) {
            return false;
        }
        pop(unwanted, null);
        return true;
    }

    /** Takes everything out. */
    public void clear() {
        items.clear();
        positions = null;
    }

    /** Whether the event, UUID or UUID text is in; false for anything else. Never throws. */
    public boolean contains(@Nullable Object item) {
        UUID wanted = ItemIds.of(item);
        return wanted != null && items.containsKey(wanted);
    }

    /** The event of that id; {@link NotFoundException} if it is not in. */
    public Event<JsonNode> get(UUID wanted) {
        Objects.requireNonNull(wanted, "wanted");
        Event<JsonNode> item = items.get(wanted);
        if (item == null) {
            throw new NotFoundException("Item " + wanted + " not found in pile");
        }
        return item;
    }

    /** The event of that id; {@code otherwise}, which may be null, if it is not in. */
    public @Nullable Event<JsonNode> get(UUID wanted, @Nullable Event<JsonNode> otherwise) {
        Objects.requireNonNull(wanted, "wanted");
        Event<JsonNode> item = items.get(wanted);
        return item == null ? otherwise : item;
    }

    /** As {@link #get(UUID)} for a UUID's text; {@link IllegalArgumentException} if it is none. */
    public Event<JsonNode> get(String wanted) {
        Objects.requireNonNull(wanted, "wanted");
        return get(ItemIds.parse(wanted));
    }

    /** As {@link #get(UUID, Event)} for a UUID's text; {@link IllegalArgumentException} if it is none. */
    public @Nullable Event<JsonNode> get(String wanted, @Nullable Event<JsonNode> otherwise) {
        Objects.requireNonNull(wanted, "wanted");
        return get(ItemIds.parse(wanted), otherwise);
    }

    /** The event at that position, a negative one from the end; {@link IndexOutOfBoundsException} if there is none. */
    public Event<JsonNode> get(int index) {
        return positions().get(Positions.ofElement(index, size(), "pile"));
    }

    /**
     * A new pile of those events in that order, for the same types.
     *
     * @throws IllegalArgumentException if the list is empty
     * @throws NotFoundException if one is not in
     * @throws ExistsException if one is named twice
     */
    public Pile select(List<UUID> wanted) {
        Objects.requireNonNull(wanted, "wanted");
        if (wanted.isEmpty()) {
            throw new IllegalArgumentException("Cannot select an empty list of ids: name at least one");
        }
        return pick(wanted);
    }

    /** A new pile, maybe empty, of a progression's events in its order; else as {@link #select(List)}. */
    public Pile select(Progression wanted) {
        Objects.requireNonNull(wanted, "wanted");
        return pick(wanted);
    }

    /** A new pile, maybe empty, of the events that pass, for the same types. */
    public Pile select(Predicate<? super Event<JsonNode>> wanted) {
        Objects.requireNonNull(wanted, "wanted");
        return pileOf(items.values().stream().filter(wanted).toList());
    }

    /** A new pile of the events from {@code from} up to, not including, {@code to}, cut to what is there. */
    public Pile slice(int from, int to) {
        int start = Positions.clamp(from, size());
        return pileOf(positions().subList(start, Positions.clampEnd(start, to, size())));
    }

    /** A new pile of the events of that type; {@link NotFoundException} if there are none. */
    public Pile filterByType(String type) {
        Objects.requireNonNull(type, "type");
        Pile found = select(item -> item.type().equals(type));
        if (found.isEmpty()) {
            throw new NotFoundException("No items of type '" + type + "' found in pile");
        }
        return found;
    }

    /** How many events. */
    public int size() {
        return items.size();
    }

    /** Whether there is nothing in it. */
    public boolean isEmpty() {
        return items.isEmpty();
    }

    /** The events in order; the iterator cannot remove. */
    @Override
    public Iterator<Event<JsonNode>> iterator() {
        return Collections.unmodifiableCollection(items.values()).iterator();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Pile pile && id.equals(pile.id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    ItemTypes types() {
        return types;
    }

    private void requireType(Event<JsonNode> item) {
        if (!types.allow(item.type())) {
            throw new IllegalArgumentException(types.refusal(item.type()) + ": event " + item.id());
        }
    }

    private void put(Event<JsonNode> item) {
        items.put(item.id(), item);
        positions = null;
    }

    private List<Event<JsonNode>> positions() {
        List<Event<JsonNode>> list = positions;
        if (list == null) {
            list = new ArrayList<>(items.values());
            positions = list;
        }
        return list;
    }

    private Pile pick(Iterable<UUID> wanted) {
        List<Event<JsonNode>> picked = new ArrayList<>();
        wanted.forEach(item -> picked.add(get(item)));
        return pileOf(picked);
    }

    private Pile pileOf(List<Event<JsonNode>> picked) {
        Pile pile = new Pile(types.names(), types.strict());
        picked.forEach(pile::add);
        return pile;
    }
}
