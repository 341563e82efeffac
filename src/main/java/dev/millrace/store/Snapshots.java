package dev.millrace.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.Flow;
import dev.millrace.event.Json;
import dev.millrace.event.Pile;
import dev.millrace.event.Progression;
import dev.millrace.store.Events.Page;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
            List<Event<JsonNode>> found = new ArrayList<>();
            List<Progression> all = new ArrayList<>();
            for (EventStatus status : EventStatus.all()) {
                List<UUID> order = new ArrayList<>();
                Place place = Place.START;
                while (place != null) {
                    Page page = events.page(handle, flow.id(), status, place, PAGE);
                    for (StoredEvent event : page.events()) {
                        found.add(event.lasting().with(Json.parse(event.payload())));
                        order.add(event.id());
                    }
                    place = page.next();
                }
                UUID id = derived(flow, status.wireName());
                all.add(new Progression(id, flow.createdAt(), none(), status.wireName(), order));
            }
            all.addAll(progressions.read(handle, flow.id(), null));
            FlowRow now = flows.find(handle, flow.name()).orElse(flow);
            ObjectNode metadata = (ObjectNode) Json.parse(now.metadata());
            Set<String> types = new LinkedHashSet<>();
            found.forEach(event -> types.add(event.type()));
            Pile items = new Pile(derived(flow, "items"), flow.createdAt(), none(), types, false, found);
            return new Flow(now.uid(), now.createdAt(), metadata, now.name(), items, all);
        });
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
        try {
            database.inTransaction(handle -> {
                refuseUnlessEmpty(handle, flow);
                handle.createUpdate(database.sql("restore_flow"))
                        .bind("flow", flow.id())
                        .bind("uid", snapshot.id())
                        .bind("metadata", Json.text(snapshot.metadata()))
                        .execute();
                for (int from = 0; from < inOrder.size(); from += PAGE) {
                    insert(handle, flow, inOrder.subList(from, Math.min(from + PAGE, inOrder.size())), lanes);
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

    private void refuseUnlessEmpty(Handle handle, FlowRow flow) {
        handle.createQuery(database.sql("flow_lock"))
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

    private void insert(Handle handle, FlowRow flow, List<Event<JsonNode>> rows, Map<String, Integer> lanes) {
        handle.createUpdate(database.sql("restore_events"))
                .bind("flow", flow.id())
                .bind("ids", Binds.uuids(rows, Event::id))
                .bind("created_at", Binds.instants(rows, Event::createdAt))
                .bind("lanes", Binds.integers(rows, event -> lanes.get(event.type())))
                .bind("types", Binds.texts(rows, Event::type))
                .bind("payloads", Binds.texts(rows, event -> Json.text(event.payload())))
                .bind("metadata", Binds.texts(rows, event -> Json.text(event.metadata())))
                .bind("priorities", Binds.doubles(rows, Event::priority))
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

    private void addProgression(Handle handle, FlowRow flow, Progression progression) {
        String name = progression.name();
        boolean isStatus =
                EventStatus.all().stream().anyMatch(status -> status.wireName().equals(name));
        if (isStatus || name == null || name.isEmpty()) {
            return; // the seven are tables; one without a name cannot be found again
        }
        UUID id = progressions
                .add(handle, flow.id(), Progressions.checkName(name), Json.text(progression.metadata()))
                .orElseThrow(() -> new ExistsException(
                        "Progression with name '%s' already exists. Names must be unique.".formatted(name)));
        progressions.fill(handle, id, progression.order());
    }

    private static @Nullable String text(@Nullable JsonNode node) {
        return node == null ? null : Json.text(node);
    }

    /** An id that a part of the flow has in every snapshot. */
    private static UUID derived(FlowRow flow, String part) {
        return UUID.nameUUIDFromBytes((flow.uid() + "/" + part).getBytes(StandardCharsets.UTF_8));
    }

    private static ObjectNode none() {
        return JsonNodeFactory.instance.objectNode();
    }
}
