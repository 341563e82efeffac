package dev.millrace.event;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A named, ordered sequence of event ids. The same id may stand in it more than once.
 *
 * <p>An index below zero counts from the end. Asking whether an id is in it costs the same however long it is; taking
 * an id out of the middle or the front moves those behind it. Equal to another by id alone.
 *
 * <p>Mutable and confined to one thread. Ids are never null. Iterating while changing it throws {@link
 * java.util.ConcurrentModificationException}.
 */
public final class Progression implements Iterable<UUID> {
    private final UUID id;
    private final Instant createdAt;
    private final ObjectNode metadata;
    private @Nullable String name;
    private final CountedIds ids = new CountedIds();
    private final Set<ProgressionPile> holders = Collections.newSetFromMap(new IdentityHashMap<>());

    /** A new, empty progression; {@code name} is null or empty for none. */
    public Progression(@Nullable String name) {
        this(name, List.of());
    }

    /** A new progression of those ids. */
    public Progression(@Nullable String name, Iterable<UUID> order) {
        this(UuidV7.next(), Instant.now(), JsonNodeFactory.instance.objectNode(), name, order);
    }

    /** A progression as it was; the metadata is copied. */
    public Progression(UUID id, Instant createdAt, ObjectNode metadata, @Nullable String name, Iterable<UUID> order) {
        this.id = Objects.requireNonNull(id, "id");
        this.createdAt = Objects.requireNonNull(createdAt, "createdAt");
        this.metadata = metadata.deepCopy();
        this.name = name;
        extend(order);
    }

    /** Its identity, the same in every snapshot. */
    public UUID id() {
        return id;
    }

    /** When it was made. */
    public Instant createdAt() {
        return createdAt;
    }

    /** The application's notes: the live object, so changing it changes this progression. */
    public ObjectNode metadata() {
        return metadata;
    }

    /** Its name; null or empty for none. */
    public @Nullable String name() {
        return name;
    }

    /**
     * Gives it another name, which every flow that holds it knows from then on; null or empty for none.
     *
     * @throws ExistsException if a flow that holds it has another progression of that name; nothing changes then
     */
    public void rename(@Nullable String newName) {
        if (Objects.equals(newName, name)) {
            return;
        }
        holders.forEach(holder -> holder.requireFree(newName));
        holders.forEach(holder -> holder.renamed(this, newName));
        name = newName;
    }

    /** Adds the id at the end. */
    public void append(UUID item) {
        ids.add(size(), item);
    }

    /** Puts the id before the element at {@code index}; past either end it becomes the first or the last. */
    public void insert(int index, UUID item) {
        ids.add(Positions.clamp(index, size()), item);
    }

    /** Adds all ids at the end, in their order; if one of them is null, or the source throws, none. */
    public void extend(Iterable<UUID> items) {
        Objects.requireNonNull(items, "items");
        ids.replace(size(), size(), items);
    }

    /** Takes everything out. */
    public void clear() {
        ids.clear();
    }

    /** Turns the order round. */
    public void reverse() {
        ids.reverse();
    }

    /**
     * Takes out the first occurrence of the id.
     *
     * @throws IllegalArgumentException if it is not there
     */
    public void remove(UUID item) {
        Objects.requireNonNull(item, "item");
        ids.remove(index(item));
    }

    /**
     * The position of the id's first occurrence, from 0.
     *
     * @throws IllegalArgumentException if it is not there
     */
    public int index(UUID item) {
        Objects.requireNonNull(item, "item");
        if (!ids.contains(item)) {
            throw new IllegalArgumentException(item + " is not in progression " + label());
        }
        return ids.view().indexOf(item);
    }

    /**
     * The id at that position.
     *
     * @throws IndexOutOfBoundsException if there is none
     */
    public UUID get(int index) {
        return ids.view().get(Positions.ofElement(index, size(), "progression"));
    }

    /** Takes out the last id; {@link NotFoundException} if there is none. */
    public UUID pop() {
        return pop(-1);
    }

    /** Takes out the id at that position; {@link NotFoundException} if there is none. */
    public UUID pop(int index) {
        int position = Positions.fromFront(index, size());
        if (!isElement(position)) {
            throw notFound("Index %d not found in progression of length %d", index);
        }
        return ids.remove(position);
    }

    /** Takes out the id at that position; {@code otherwise}, which may be null, if there is none. */
    public @Nullable UUID pop(int index, @Nullable UUID otherwise) {
        int position = Positions.fromFront(index, size());
        return isElement(position) ? ids.remove(position) : otherwise;
    }

    /** Takes out the first id; {@link NotFoundException} if there is none. */
    public UUID popLeft() {
        if (isEmpty()) {
            throw new NotFoundException("Cannot pop from empty progression");
        }
        return ids.remove(0);
    }

    /**
     * Moves the id at {@code from} to before the one at {@code to}, both as counted before the move. {@code to} may be
     * the size, which means the end.
     *
     * @throws NotFoundException if there is no such position
     */
    public void move(int from, int to) {
        int source = requirePosition(from, size() - 1);
        int target = requirePosition(to, size());
        UUID item = ids.remove(source);
        ids.add(target > source ? target - 1 : target, item);
    }

    /** Exchanges two ids; {@link NotFoundException} if there is no such position. */
    public void swap(int first, int second) {
        int last = size() - 1;
        ids.swap(requirePosition(first, last), requirePosition(second, last));
    }

    /** Adds the id at the end unless it is in; whether it was added. */
    public boolean include(UUID item) {
        if (ids.contains(item)) {
            return false;
        }
        append(item);
        return true;
    }

    /** Takes out the first occurrence of the id if it is in; whether it was removed. */
    public boolean exclude(UUID item) {
        Objects.requireNonNull(item, "item");
        if (!ids.contains(item)) {
            return false;
        }
        remove(item);
        return true;
    }

    /** Whether the event, UUID or UUID text is in; false for anything else. Never throws. */
    public boolean contains(@Nullable Object item) {
        UUID wanted = ItemIds.of(item);
        return wanted != null && ids.contains(wanted);
    }

    /** The ids from {@code from} up to, not including, {@code to}, cut to what is there. A copy. */
    public List<UUID> slice(int from, int to) {
        int start = Positions.clamp(from, size());
        return List.copyOf(ids.view().subList(start, Positions.clampEnd(start, to, size())));
    }

    /** Puts the replacement, of any length, where {@link #slice} of the same bounds was. */
    public void setSlice(int from, int to, List<UUID> replacement) {
        Objects.requireNonNull(replacement, "replacement");
        int start = Positions.clamp(from, size());
        ids.replace(start, Positions.clampEnd(start, to, size()), replacement);
    }

    /** How many ids, each occurrence counted. */
    public int size() {
        return ids.view().size();
    }

    /** Whether there is nothing in it. */
    public boolean isEmpty() {
        return ids.view().isEmpty();
    }

    /** The ids in order; a copy that never changes. */
    public List<UUID> order() {
        return List.copyOf(ids.view());
    }

    /** The ids in order; the iterator cannot remove. */
    @Override
    public Iterator<UUID> iterator() {
        return ids.view().iterator();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Progression progression && id.equals(progression.id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    /** Length and name, such as {@code Progression(len=0 name='pending')}. */
    @Override
    public String toString() {
        return "Progression(len=%d%s)".formatted(size(), isNamed(name) ? " name='" + name + "'" : "");
    }

    /** Whether that is a name at all: null and the empty text are none. */
    static boolean isNamed(@Nullable String name) {
        return name != null && !name.isEmpty();
    }

    /** The name in quotes, or the id if it has none: for messages. */
    String label() {
        return "'" + (isNamed(name) ? name : id) + "'";
    }

    void heldBy(ProgressionPile holder) {
        holders.add(holder);
    }

    void releasedBy(ProgressionPile holder) {
        holders.remove(holder);
    }

    private boolean isElement(int position) {
        return position >= 0 && position < size();
    }

    private int requirePosition(int index, int last) {
        if (isEmpty()) {
            throw new NotFoundException("Progression is empty");
        }
        int position = Positions.fromFront(index, size());
        if (position < 0 || position > last) {
            throw notFound("Index %d out of range for progression of length %d", index);
        }
        return position;
    }

    private NotFoundException notFound(String message, int index) {
        return new NotFoundException(message.formatted(index, size()), Map.of("index", index, "length", size()));
    }
}
