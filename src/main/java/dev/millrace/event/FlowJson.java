package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * A flow as JSON, out and in. The shape is the model's, in which items and progressions are piles of six keys
 * each, followed by the counts that readers would otherwise look for there. Stateless.
 */
final class FlowJson {
    private static final String PROGRESSION_TYPE = "Progression";

    private FlowJson() {}

    static ObjectNode write(Flow flow) {
        ObjectNode json = element(flow.id(), flow.createdAt(), flow.metadata());
        json.put("name", flow.name());
        json.set("items", items(flow.items()));
        json.set("progressions", progressions(flow.progressionPile()));
        json.set("counts", counts(flow));
        return json;
    }

    private static ObjectNode element(UUID id, Instant createdAt, ObjectNode metadata) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("id", id.toString());
        json.put("created_at", createdAt.toString());
        json.set("metadata", metadata.deepCopy());
        return json;
    }

    private static ObjectNode items(Pile pile) {
        ObjectNode json = element(pile.id(), pile.createdAt(), pile.metadata());
        if (pile.itemTypes().isEmpty()) {
            json.putNull("item_type");
        } else {
            pile.itemTypes().forEach(json.putArray("item_type")::add);
        }
        json.put("strict_type", pile.strictType());
        ArrayNode events = json.putArray("items");
        pile.forEach(event -> events.add(EventJson.write(event)));
        return json;
    }

    private static ObjectNode progressions(ProgressionPile pile) {
        ObjectNode json = element(pile.id(), pile.createdAt(), pile.metadata());
        json.putArray("item_type").add(PROGRESSION_TYPE);
        json.put("strict_type", pile.strictType());
        ArrayNode progressions = json.putArray("items");
        for (Progression progression : pile.all()) {
            ObjectNode one = element(progression.id(), progression.createdAt(), progression.metadata());
            one.put("name", progression.name());
            ArrayNode order = one.putArray("order");
            progression.forEach(item -> order.add(item.toString()));
            progressions.add(one);
        }
        return json;
    }

    private static ObjectNode counts(Flow flow) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("items", flow.items().size());
        json.put("progressions", flow.progressionPile().all().size());
        flow.counts().forEach((name, size) -> json.putIfAbsent(name, JsonNodeFactory.instance.numberNode(size)));
        return json;
    }

    static Flow read(JsonNode json) {
        JsonFields fields = new JsonFields("a flow", json, JsonPath.ROOT);
        JsonFields progressions = fields.object("progressions");
        Flow flow = new Flow(
                fields.uuid("id"),
                fields.instant("created_at"),
                fields.objectOrEmpty("metadata"),
                fields.textOrNull("name"),
                readItems(fields.object("items")),
                readProgressionPile(progressions));
        for (JsonFields one : progressions.objects("items")) {
            Progression progression = readProgression(one);
            located(one, () -> flow.addProgression(progression));
        }
        return flow;
    }

    private static Pile readItems(JsonFields fields) {
        Pile pile = new Pile(
                fields.uuid("id"),
                fields.instant("created_at"),
                fields.objectOrEmpty("metadata"),
                readItemTypes(fields),
                fields.booleanOrFalse("strict_type"),
                List.of());
        List<JsonFields> events = fields.objects("items");
        events.forEach(event -> requireType(pile.types(), event)); // all of them, before any is read
        for (JsonFields event : events) {
            located(event, () -> pile.add(EventJson.read(event)));
        }
        return pile;
    }

    private static Set<String> readItemTypes(JsonFields fields) {
        JsonNode names = fields.raw("item_type");
        if (names == null || names.isNull()) {
            return Set.of();
        }
        if (names.isEmpty()) {
            throw fields.refusal("item_type", "must name at least one type; null stands for any");
        }
        return new LinkedHashSet<>(fields.elements("item_type", JsonFields::asText));
    }

    private static void requireType(ItemTypes types, JsonFields event) {
        String type = event.read("type", event.required("type"), JsonFields::asText);
        if (!types.allow(type)) {
            throw event.refusal("type", types.refusal(type));
        }
    }

    private static ProgressionPile readProgressionPile(JsonFields fields) {
        Set<String> types = readItemTypes(fields);
        if (!types.isEmpty() && !types.equals(Set.of(PROGRESSION_TYPE))) {
            throw fields.refusal("item_type", "must be [\"" + PROGRESSION_TYPE + "\"] or null");
        }
        return new ProgressionPile(
                fields.uuid("id"),
                fields.instant("created_at"),
                fields.objectOrEmpty("metadata"),
                fields.booleanOrFalse("strict_type"));
    }

    private static Progression readProgression(JsonFields fields) {
        return new Progression(
                fields.uuid("id"),
                fields.instant("created_at"),
                fields.objectOrEmpty("metadata"),
                fields.textOrNull("name"),
                fields.elements("order", JsonFields::asUuid));
    }

    /** Adds what was read, and puts its path before the message if it is refused. */
    private static void located(JsonFields what, Runnable adding) {
        try {
            adding.run();
        } catch (NotFoundException e) {
            throw new NotFoundException(what.path() + ": " + e.getMessage(), e.details());
        } catch (ExistsException e) {
            throw new ExistsException(what.path() + ": " + e.getMessage(), e.details());
        }
    }
}
