package dev.millrace.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.Flow;
import dev.millrace.event.FlowFrame;
import dev.millrace.event.Json;
import dev.millrace.event.Progression;
import dev.millrace.store.Events.Page;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Whole flows, out and in: every event and every progression at one moment. They are held in memory. Thread-safe. */
public final class Snapshots {
    private static final int PAGE = 1_000;

    private final Database database;
    private final Flows flows;
    private final Events events;
    private final Progressions progressions;
    private final Counts counts;

    Snapshots(Database database, Flows flows, Events events, Progressions progressions, Counts counts) {
        this.database = database;
        this.flows = flows;
        this.events = events;
        this.progressions = progressions;
        this.counts = counts;
    }

    /** The flow as it is at one moment. */
    public Flow take(FlowRow flow) {
        return database.inSnapshot(handle -> {
            FlowRow now = flows.find(handle, flow.name()).orElse(flow); // its identity is another once it was restored
            List<Event<JsonNode>> found = new ArrayList<>();
            Map<EventStatus, List<UUID>> orders = new EnumMap<>(EventStatus.class);
            for (EventStatus status : EventStatus.all()) {
                List<UUID> order = new ArrayList<>();
                Place place = Place.START;
                while (place != null) {
                    Page page = events.page(handle, now.id(), status, place, PAGE);
                    for (StoredEvent event : page.events()) {
                        found.add(event.lasting().with(Json.parse(event.payload())));
                        order.add(event.id());
                    }
                    place = page.next();
                }
                orders.put(status, order);
            }
            return frame(handle, now)
                    .fill(
                            now.uid(),
                            now.createdAt(),
                            (ObjectNode) Json.parse(now.metadata()),
                            now.name(),
                            found,
                            orders,
                            progressions.read(handle, now.id(), null));
        });
    }

    private FlowFrame frame(Handle handle, FlowRow flow) {
        return handle.createQuery(database.sql("flow_frame"))
                .bind("flow", flow.id())
                .mapTo(String.class)
                .findOne()
                .map(text -> FlowFrame.read(Json.parse(text)))
                .orElseGet(() -> FlowFrame.derived(flow.uid(), flow.createdAt()));
    }

    /**
     * Fills an empty flow with a snapshot, all or nothing.
     *
     * @throws ExistsException if the flow has events, or one of the snapshot's events exists in this database
     */
    public void restore(FlowRow flow, Flow snapshot) {
        List<Event<JsonNode>> inOrder = inOrder(snapshot);
        Set<String> types = new LinkedHashSet<>();
        inOrder.forEach(event -> types.add(event.type()));
        Map<String, Integer> lanes = flows.lanes(flow.id(), types);
        Map<UUID, Double> priorities = priorities(inOrder);
        FlowFrame frame = FlowFrame.of(snapshot);
        try {
            database.inTransaction(handle -> {
                refuseUnlessEmpty(handle, flow);
                handle.createUpdate(database.sql("restore_flow"))
                        .bind("flow", flow.id())
                        .bind("uid", snapshot.id())
                        .bind("created_at", snapshot.createdAt().toString())
                        .bind("metadata", Json.text(snapshot.metadata()))
                        .bind("frame", Binds.text(frame.isDerived() ? null : Json.text(frame.toJson())))
                        .execute();
                for (int from = 0; from < inOrder.size(); from += PAGE) {
                    List<Event<JsonNode>> page = inOrder.subList(from, Math.min(from + PAGE, inOrder.size()));
                    insert(handle, flow, page, lanes, priorities);
                }
                for (Progression progression : snapshot.progressions()) {
                    addProgression(handle, flow, progression);
                }
                return inOrder.size();
            });
        } catch (RuntimeException e) {
            throw Appends.translated(e);
        }
    }

    /** With which priority pending events are queued that must not be with their own, so that they are claimed in their order. */
    private static Map<UUID, Double> priorities(List<Event<JsonNode>> inOrder) {
        List<Event<JsonNode>> pending = inOrder.stream()
                .filter(event -> event.status() == EventStatus.PENDING)
                .toList();
        List<@Nullable Double> kept =
                KeptOrder.of(pending.stream().map(Snapshots::priority).toList());
        Map<UUID, Double> priorities = new HashMap<>();
        for (int i = 0; i < pending.size(); i++) {
            Double other = kept.get(i);
            if (other != null) {
                priorities.put(pending.get(i).id(), other);
            }
        }
        return priorities;
    }

    /** As the database makes it of the creation time where none is given. */
    private static double priority(Event<JsonNode> event) {
        Double given = event.priority();
        Instant created = event.createdAt();
        return given != null
                ? given
                : BigDecimal.valueOf(created.getEpochSecond())
                        .add(BigDecimal.valueOf(created.getNano(), 9))
                        .doubleValue();
    }

    private void refuseUnlessEmpty(Handle handle, FlowRow flow) {
        handle.createQuery(database.sql("flow_hold"))
                .bind("flow", flow.id())
                .mapToMap()
                .list();
        long there = counts.read(handle, flow.id()).values().stream()
                .mapToLong(Long::longValue)
                .sum();
        if (there > 0 || !progressions.read(handle, flow.id(), null).isEmpty()) {
            throw new ExistsException(
                    "flow '%s' is not empty: it has %d events; restore into a new flow".formatted(flow.name(), there));
        }
    }

    /** Events in the order of their status progression, so that the order survives; others after them. */
    private static List<Event<JsonNode>> inOrder(Flow snapshot) {
        Set<UUID> ids = new LinkedHashSet<>();
        for (EventStatus status : EventStatus.all()) {
            snapshot.progressions().stream()
                    .filter(progression -> status.wireName().equals(progression.name()))
                    .forEach(progression -> ids.addAll(progression.order()));
        }
        snapshot.items().forEach(event -> ids.add(event.id()));
        return ids.stream().map(snapshot.items()::get).toList();
    }

    private void insert(
            Handle handle,
            FlowRow flow,
            List<Event<JsonNode>> rows,
            Map<String, Integer> lanes,
            Map<UUID, Double> priorities) {
        handle.createUpdate(database.sql("restore_events"))
                .bind("flow", flow.id())
                .bind("ids", Binds.uuids(rows, Event::id))
                .bind("created_at", Binds.instants(rows, Event::createdAt))
                .bind("lanes", Binds.integers(rows, event -> lanes.get(event.type())))
                .bind("types", Binds.texts(rows, Event::type))
                .bind("payloads", Binds.texts(rows, event -> Json.text(event.payload())))
                .bind("metadata", Binds.texts(rows, event -> Json.text(event.metadata())))
                .bind("priorities", Binds.doubles(rows, Event::priority))
                .bind("queue_priorities", Binds.doubles(rows, event -> priorities.get(event.id())))
                .bind("max_crashes", Binds.integers(rows, event -> event.terms().maxCrashes()))
                .bind("timeouts", Binds.doubles(rows, event -> Settlements.seconds(event.timeout())))
                .bind("deadlines", Binds.instants(rows, Event::deadline))
                .bind("streaming", Binds.booleans(rows, Event::streaming))
                .bind(
                        "attempts",
                        Binds.integers(rows, event -> event.execution().attempt()))
                .bind("statuses", Binds.smallints(rows, event -> event.status().ordinal()))
                .bind(
                        "started_at",
                        Binds.instants(rows, event -> event.execution().startedAt()))
                .bind(
                        "finished_at",
                        Binds.instants(rows, event -> event.execution().finishedAt()))
                .bind(
                        "durations",
                        Binds.doubles(
                                rows,
                                event -> Settlements.seconds(event.execution().duration())))
                .bind(
                        "responses",
                        Binds.texts(rows, event -> text(event.execution().response())))
                .bind(
                        "errors",
                        Binds.texts(rows, event -> text(event.execution().error())))
                .bind(
                        "retryable",
                        Binds.booleans(rows, event -> event.execution().retryable()))
                .execute();
    }

    /** The seven are tables. */
    private void addProgression(Handle handle, FlowRow flow, Progression progression) {
        String name = progression.name();
        if (EventStatus.all().stream().anyMatch(status -> status.wireName().equals(name))) {
            return;
        }
        String stored = name == null || name.isEmpty() ? null : Progressions.checkName(name);
        UUID id = progressions
                .restore(handle, flow.id(), progression, stored)
                .orElseThrow(() -> new ExistsException(
                        "Progression with name '%s' already exists. Names must be unique.".formatted(name)));
        progressions.fill(handle, id, progression.order());
    }

    private static @Nullable String text(@Nullable JsonNode node) {
        return node == null ? null : Json.text(node);
    }
}
