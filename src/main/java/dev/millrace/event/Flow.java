package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A named set of events and the progressions that order them: a snapshot of what one executor owns.
 *
 * <p>An event may stand in any number of progressions. A progression that joins the flow may name only events of the
 * flow; an id appended to it later is not looked at until the flow is written as JSON and read again. Names of
 * progressions are unique, however they change; null and the empty name are none and are exempt.
 *
 * <p>Where a progression is asked for by text, a name goes before a UUID's text. Equal to another flow by id alone.
 *
 * <p>Mutable and confined to one thread, as are its pile and its progressions, which it holds and does not copy.
 */
public final class Flow {
    private static final int SHOWN_IDS = 10;

    private final UUID id;
    private final Instant createdAt;
    private final ObjectNode metadata;
    private final @Nullable String name;
    private final Pile items;
    private final ProgressionPile progressions;

    /** A new, empty flow without progressions; {@code name} is null or empty for none. */
    public Flow(@Nullable String name) {
        this(name, new Pile(), List.of());
    }

    /** A new flow of those events and progressions. Throws as {@link #addProgression} does. */
    public Flow(@Nullable String name, Pile items, Iterable<Progression> progressions) {
        this(UuidV7.next(), Instant.now(), JsonNodeFactory.instance.objectNode(), name, items, progressions);
    }

    /** A flow as it was; the metadata is copied. Throws as {@link #addProgression} does. */
    public Flow(
            UUID id,
            Instant createdAt,
            ObjectNode metadata,
            @Nullable String name,
            Pile items,
            Iterable<Progression> progressions) {
        this(id, createdAt, metadata, name, items, new ProgressionPile());
        progressions.forEach(this::addProgression);
    }

    /** A flow over an empty pile of progressions, which keeps its own id and notes. */
    Flow(
            UUID id,
            Instant createdAt,
            ObjectNode metadata,
            @Nullable String name,
            Pile items,
            ProgressionPile progressions) {
        this.id = Objects.requireNonNull(id, "id");
        this.createdAt = Objects.requireNonNull(createdAt, "createdAt");
        this.metadata = metadata.deepCopy();
        this.name = name;
        this.items = items;
        this.progressions = progressions;
    }

    /**
     * A new flow with the seven progressions of an executor, one per status, in the order of {@link EventStatus}. They
     * are empty, whatever the pile holds: the caller knows the order in which events came to each status.
     */
    public static Flow ofStatuses(@Nullable String name, Pile items) {
        Objects.requireNonNull(items, "items");
        return new Flow(
                name,
                items,
                EventStatus.all().stream()
                        .map(status -> new Progression(status.wireName()))
                        .toList());
    }

    /** Its identity. */
    public UUID id() {
        return id;
    }

    /** When it was made. */
    public Instant createdAt() {
        return createdAt;
    }

    /** The application's notes: the live object, so changing it changes this flow. */
    public ObjectNode metadata() {
        return metadata;
    }

    /** Its name; null or empty for none. */
    public @Nullable String name() {
        return name;
    }

    /** Its events: the live pile. An event taken out of it directly stays named in the progressions. */
    public Pile items() {
        return items;
    }

    /** Its progressions in order of arrival; a copy of the list, not of them. */
    public List<Progression> progressions() {
        return List.copyOf(progressions.all());
    }

    /**
     * Adds the progression at the end. If it is refused, nothing changes.
     *
     * @throws ExistsException if its name or its id is taken
     * @throws NotFoundException if it names an event that is not in the flow
     */
    public void addProgression(Progression progression) {
        Objects.requireNonNull(progression, "progression");
        progressions.requireFree(progression.name());
        requireItems(progression);
        progressions.add(progression);
    }

    /** Takes the progression out, which frees its name; {@link NotFoundException} if there is none of that id. */
    public Progression removeProgression(UUID wanted) {
        Objects.requireNonNull(wanted, "wanted");
        return release(getProgression(wanted));
    }

    /** Takes the progression of that name, or UUID text, out; {@link NotFoundException} if there is none. */
    public Progression removeProgression(String nameOrId) {
        Objects.requireNonNull(nameOrId, "nameOrId");
        return release(getProgression(nameOrId));
    }

    /** Takes the progression of that one's id out; {@link NotFoundException} if there is none. */
    public Progression removeProgression(Progression wanted) {
        Objects.requireNonNull(wanted, "wanted");
        return removeProgression(wanted.id());
    }

    /** The progression of that id; {@link NotFoundException} if there is none. */
    public Progression getProgression(UUID wanted) {
        Objects.requireNonNull(wanted, "wanted");
        Progression found = progressions.find(wanted);
        if (found == null) {
            throw new NotFoundException("Progression " + wanted + " not found in flow");
        }
        return found;
    }

    /** The progression of that name, or else of that UUID text; {@link NotFoundException} if there is none. */
    public Progression getProgression(String nameOrId) {
        Objects.requireNonNull(nameOrId, "nameOrId");
        Progression found = progressions.find(nameOrId);
        if (found != null) {
            return found;
        }
        UUID wanted = ItemIds.parseOrNull(nameOrId);
        if (wanted == null) {
            throw new NotFoundException("Progression '" + nameOrId + "' not found in flow");
        }
        return getProgression(wanted);
    }

    /** The progression of that one's id; {@link NotFoundException} if there is none. */
    public Progression getProgression(Progression wanted) {
        Objects.requireNonNull(wanted, "wanted");
        return getProgression(wanted.id());
    }

    /**
     * Adds the event, and its id at the end of each of those progressions, as often as they are named. If anything is
     * refused, nothing changes.
     *
     * @param names names or UUID texts of progressions of this flow
     * @throws NotFoundException if there is no such progression
     * @throws ExistsException if an event of that id is in already
     * @throws IllegalArgumentException if the pile does not let its type in
     */
    public void addItem(Event<JsonNode> item, String... names) {
        Objects.requireNonNull(item, "item");
        Objects.requireNonNull(names, "names");
        List<Progression> targets = new ArrayList<>();
        for (String target : names) {
            targets.add(getProgression(target));
        }
        addTo(targets, item);
    }

    /** As {@link #addItem(Event, String...)} for progressions at hand, which must be in this flow. */
    public void addItem(Event<JsonNode> item, Collection<Progression> targets) {
        Objects.requireNonNull(item, "item");
        Objects.requireNonNull(targets, "targets");
        addTo(targets.stream().map(this::getProgression).toList(), item);
    }

    /**
     * Takes the event out, and the first occurrence of its id out of each progression. An id that a progression names
     * twice therefore stays there once.
     *
     * @throws NotFoundException if there is no event of that id; nothing changes then
     */
    public Event<JsonNode> removeItem(UUID unwanted) {
        Objects.requireNonNull(unwanted, "unwanted");
        Event<JsonNode> item = items.remove(unwanted);
        progressions.all().forEach(progression -> progression.exclude(unwanted));
        return item;
    }

    /** Takes out all events and all progressions. */
    public void clear() {
        items.clear();
        progressions.clear();
    }

    /**
     * The size of each progression by name, in order of arrival, empty ones included. Progressions without a name are
     * counted together as {@code "unnamed"}.
     */
    public SequencedMap<String, Integer> counts() {
        SequencedMap<String, Integer> counts = new LinkedHashMap<>();
        for (Progression progression : progressions.all()) {
            String key = progression.name();
            counts.merge(key == null || key.isEmpty() ? "unnamed" : key, progression.size(), Integer::sum);
        }
        return counts;
    }

    /**
     * The flow as JSON: {@code id, created_at, metadata, name, items, progressions, counts}, where items and
     * progressions are piles of six keys each. {@code counts} has the number of {@code items} and of {@code
     * progressions}, then what {@link #counts} says, less a progression that has one of those two names.
     */
    public ObjectNode toJson() {
        return FlowJson.write(this);
    }

    /**
     * The flow that {@link #toJson} wrote. The types of all events are checked before any event is read, and
     * progressions may name only events that are there. Fields it does not know, and {@code counts}, are ignored.
     *
     * @throws ValidationException if something is missing or malformed, naming its path
     * @throws NotFoundException if a progression names an event that is not there
     * @throws ExistsException if an id or a progression's name is there twice
     */
    public static Flow fromJson(JsonNode json) {
        Objects.requireNonNull(json, "json");
        return FlowJson.read(json);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Flow flow && id.equals(flow.id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    /** Sizes and name, such as {@code Flow(items=3, progressions=7, name='x')}. */
    @Override
    public String toString() {
        String suffix = name == null || name.isEmpty() ? "" : ", name='" + name + "'";
        return "Flow(items=%d, progressions=%d%s)"
                .formatted(items.size(), progressions.all().size(), suffix);
    }

    ProgressionPile progressionPile() {
        return progressions;
    }

    private Progression release(Progression progression) {
        progressions.remove(progression);
        return progression;
    }

    private void addTo(List<Progression> targets, Event<JsonNode> item) {
        items.add(item);
        targets.forEach(target -> target.append(item.id()));
    }

    private void requireItems(Progression progression) {
        Set<UUID> missing = new LinkedHashSet<>();
        progression.forEach(item -> {
            if (!items.contains(item)) {
                missing.add(item);
            }
        });
        if (!missing.isEmpty()) {
            throw new NotFoundException("Progression %s contains UUIDs not in items pile: {%s%s}"
                    .formatted(
                            progression.label(),
                            missing.stream()
                                    .limit(SHOWN_IDS)
                                    .map(UUID::toString)
                                    .collect(Collectors.joining(", ")),
                            missing.size() > SHOWN_IDS ? ", and %d more".formatted(missing.size() - SHOWN_IDS) : ""));
        }
    }
}
