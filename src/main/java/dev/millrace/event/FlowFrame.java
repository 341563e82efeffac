package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * What makes a flow's snapshots equal beside its events and the members of its progressions: ids, times and notes of its two piles
 * and of the seven progressions of the statuses, the types that its pile lets in, and the order of all progressions.
 *
 * <p>A flow that was never restored has a frame that follows from its id and its creation. Immutable and thread-safe.
 */
public final class FlowFrame {
    private static final Comparator<Progression> BY_CREATION = Comparator.comparing(Progression::createdAt)
            .thenComparing(Progression::name, Comparator.nullsLast(Comparator.naturalOrder()))
            .thenComparing(Progression::id);

    private final Flow empty; // without events, members, name and notes; never changed
    private final boolean derived;

    private FlowFrame(Flow empty, boolean derived) {
        this.empty = empty;
        this.derived = derived;
    }

    /** The frame of a flow of that id and creation time that was never restored. */
    public static FlowFrame derived(UUID flow, Instant createdAt) {
        return new FlowFrame(derived(flow, createdAt, Set.of(), List.of()), true);
    }

    /** The frame of a flow in memory. */
    public static FlowFrame of(Flow flow) {
        Pile items = flow.items();
        ProgressionPile pile = flow.progressionPile();
        Flow empty = emptyFlow(
                flow.id(),
                flow.createdAt(),
                new Pile(
                        items.id(),
                        items.createdAt(),
                        items.metadata(),
                        items.itemTypes(),
                        items.strictType(),
                        List.of()),
                new ProgressionPile(pile.id(), pile.createdAt(), pile.metadata(), pile.strictType()),
                pile.all());
        List<Progression> others =
                pile.all().stream().filter(one -> !isOfAStatus(one)).toList();
        Flow usual = derived(flow.id(), flow.createdAt(), typesOf(items), others);
        return new FlowFrame(empty, empty.toJson().equals(usual.toJson()));
    }

    /**
     * The frame that {@link #toJson} wrote.
     *
     * @throws ValidationException if something is missing or malformed, naming its path
     */
    public static FlowFrame read(JsonNode json) {
        return new FlowFrame(Flow.fromJson(json), false);
    }

    /** The frame as JSON: the flow without events and members. */
    public ObjectNode toJson() {
        return empty.toJson();
    }

    /** Whether it follows from the flow's id and creation. */
    public boolean isDerived() {
        return derived;
    }

    /**
     * The flow with this frame. Its pile holds the events in the order given, and lets in their types beside those of the frame.
     *
     * @param statuses the members of each status's progression
     * @param others the other progressions; those that the frame does not know come last
     */
    public Flow fill(
            UUID id,
            Instant createdAt,
            ObjectNode metadata,
            String name,
            Collection<Event<JsonNode>> events,
            Map<EventStatus, List<UUID>> statuses,
            List<Progression> others) {
        Pile items = filledPile(events);
        ProgressionPile frame = empty.progressionPile();
        var pile = new ProgressionPile(frame.id(), frame.createdAt(), frame.metadata(), frame.strictType());
        Flow flow = new Flow(id, createdAt, metadata, name, items, pile);
        Map<UUID, Progression> left = new LinkedHashMap<>();
        others.forEach(one -> left.put(one.id(), one));
        Set<EventStatus> missing = new LinkedHashSet<>(EventStatus.all());
        for (Progression known : frame.all()) {
            if (isOfAStatus(known)) {
                EventStatus status = EventStatus.ofWireName(Objects.requireNonNull(known.name()));
                missing.remove(status);
                flow.addProgression(filled(known, statuses.getOrDefault(status, List.of())));
            } else if (left.containsKey(known.id())) {
                Progression one = left.remove(known.id());
                flow.addProgression(Progression.isNamed(one.name()) ? one : renamed(one, known));
            }
        }
        for (EventStatus status : missing) {
            Progression known = ofStatus(id, createdAt, status);
            flow.addProgression(filled(known, statuses.getOrDefault(status, List.of())));
        }
        left.values().forEach(flow::addProgression);
        return flow;
    }

    private Pile filledPile(Collection<Event<JsonNode>> events) {
        Pile frame = empty.items();
        Set<String> types = new LinkedHashSet<>(frame.itemTypes());
        if (derived || !types.isEmpty()) { // none lets in any
            events.forEach(event -> types.add(event.type()));
        }
        return new Pile(frame.id(), frame.createdAt(), frame.metadata(), types, frame.strictType(), events);
    }

    private static Progression filled(Progression known, List<UUID> order) {
        return new Progression(known.id(), known.createdAt(), known.metadata(), known.name(), order);
    }

    /** The rows do not know in which of the two ways it has no name. */
    private static Progression renamed(Progression one, Progression known) {
        return Progression.isNamed(known.name())
                ? one
                : new Progression(one.id(), one.createdAt(), one.metadata(), known.name(), one.order());
    }

    private static Flow derived(UUID flow, Instant createdAt, Set<String> types, List<Progression> others) {
        List<Progression> all = new ArrayList<>();
        EventStatus.all().forEach(status -> all.add(ofStatus(flow, createdAt, status)));
        others.stream().sorted(BY_CREATION).forEach(all::add);
        return emptyFlow(
                flow,
                createdAt,
                new Pile(derivedId(flow, "items"), createdAt, none(), types, false, List.of()),
                new ProgressionPile(derivedId(flow, "progressions"), createdAt, none(), false),
                all);
    }

    private static Flow emptyFlow(
            UUID id, Instant createdAt, Pile items, ProgressionPile pile, Collection<Progression> progressions) {
        Flow empty = new Flow(id, createdAt, none(), null, items, pile);
        for (Progression one : progressions) {
            ObjectNode notes = isOfAStatus(one) ? one.metadata() : none(); // the others have rows of their own
            empty.addProgression(new Progression(one.id(), one.createdAt(), notes, one.name(), List.of()));
        }
        return empty;
    }

    private static Progression ofStatus(UUID flow, Instant createdAt, EventStatus status) {
        return new Progression(derivedId(flow, status.wireName()), createdAt, none(), status.wireName(), List.of());
    }

    private static boolean isOfAStatus(Progression one) {
        String name = one.name();
        return EventStatus.all().stream().anyMatch(status -> status.wireName().equals(name));
    }

    private static Set<String> typesOf(Pile items) {
        Set<String> types = new LinkedHashSet<>();
        items.forEach(event -> types.add(event.type()));
        return types;
    }

    /** An id that a part of the flow has in every snapshot. */
    private static UUID derivedId(UUID flow, String part) {
        return UUID.nameUUIDFromBytes((flow + "/" + part).getBytes(StandardCharsets.UTF_8));
    }

    private static ObjectNode none() {
        return JsonNodeFactory.instance.objectNode();
    }
}
