package dev.millrace;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.ApplicationJson;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.Event;
import dev.millrace.event.EventTypes;
import dev.millrace.event.Json;
import dev.millrace.event.Payloads;
import dev.millrace.event.Terms;
import dev.millrace.event.UuidV7;
import dev.millrace.store.Draft;
import dev.millrace.store.StoredEvent;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** Between payloads and rows, for the types of one executor. Immutable and thread-safe. */
final class Codec<T> {
    private final EventTypes types;
    private final Map<String, Integer> lanes;
    private final int payloadCap;

    Codec(EventTypes types, Map<String, Integer> lanes, int payloadCap) {
        this.types = types;
        this.lanes = Map.copyOf(lanes);
        this.payloadCap = payloadCap;
    }

    /** How the application's objects are written and read here. */
    ApplicationJson json() {
        return types.json();
    }

    Map<String, Integer> lanes() {
        return lanes;
    }

    /** A payload as a row; everything that can be wrong with it is found here, before anything is stored. */
    Draft draft(T payload, Append options) {
        Objects.requireNonNull(payload, "payload");
        Objects.requireNonNull(options, "options");
        return draft(payload, options, Payloads::encodeNotes);
    }

    private Draft draft(T payload, Append options, Function<ObjectNode, String> encoding) {
        String type = types.nameOf(payload);
        return new Draft(
                options.id() == null ? UuidV7.next() : options.id(),
                lane(type),
                type,
                types.json().encode(payload, payloadCap),
                encoding.apply(options.metadata()),
                options.terms(),
                options.runAt(),
                options.delay());
    }

    /** Payloads as rows, in their order, each with what the options say of it. */
    List<Draft> drafts(Collection<? extends T> payloads, Function<? super T, Append> options) {
        Objects.requireNonNull(payloads, "payloads");
        Objects.requireNonNull(options, "options");
        return Drafting.all("payload", payloads, payload -> draft(payload, options.apply(payload)));
    }

    /** An event made in this JVM as a row, under its own id. */
    Draft draft(Event<T> event) {
        Terms terms = event.terms();
        Append options = new Append(event.id(), terms, event.metadata(), terms.runAt(), null);
        return draft(Objects.requireNonNull(event.payload(), "payload"), options, Payloads::encodeMetadata);
    }

    /** The event of a row, its payload as the class registered for its type. */
    @SuppressWarnings("unchecked") // only subtypes of T are registered
    Event<T> event(StoredEvent row) {
        Class<?> type = types.classOf(row.type())
                .orElseThrow(() -> new ConfigurationException(
                        "event %s has type '%s', which this executor does not know; registered: %s. Register it, or read it with json()"
                                .formatted(row.id(), row.type(), types.names())));
        return row.with((T) types.json().decode(row.payload(), type));
    }

    /** The event of a row of whatever type, its payload as JSON. */
    static Event<JsonNode> json(StoredEvent row) {
        return row.with(Json.parse(row.payload()));
    }

    /**
     * A draft of an event made here, for its owner to look at.
     *
     * @param clock tells what a delay counts from
     */
    Event<T> fresh(T payload, Append options, InstantSource clock) {
        Objects.requireNonNull(payload, "payload");
        Objects.requireNonNull(options, "options");
        Payloads.checkNotes(options.metadata());
        Duration delay = options.delay();
        Instant runAt = delay == null
                ? options.runAt()
                : Terms.checkInstant("the time of the clock", clock.instant()).plus(delay);
        Terms terms = options.terms().withRunAt(runAt); // an event has nothing else to keep it in
        Event<T> event = Event.of(types.nameOf(payload), payload, terms);
        return new Event<>(
                options.id() == null ? event.id() : options.id(),
                event.createdAt(),
                event.type(),
                payload,
                options.metadata(),
                terms,
                event.execution());
    }

    private int lane(String type) {
        Integer lane = lanes.get(type);
        if (lane == null) {
            throw new IllegalStateException("type '" + type + "' is registered but has no lane");
        }
        return lane;
    }
}
