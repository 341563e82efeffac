package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An event as one JSON object, and back, in any of the seven statuses: what is read from what was written equals it in
 * every field, and is written the same again. Times are ISO texts in UTC, durations seconds.
 *
 * <p>Keys in order: id, created_at, metadata, execution (status, duration, response, error, retryable), type, payload,
 * priority, timeout, deadline, streaming, attempt, started_at, finished_at. An event that says how many deaths it may see has one more:
 * max_crashes. An event that was pending when it was read from its flow has one more: waiting (priority, denials, due_at).
 *
 * <p>In {@code execution} what is unset and what is a real null are both null; the status tells them apart: of a
 * completed event response and error are set, of any other they are unset unless there is one. For an execution of
 * which that is not true there is one more key at the end, {@code unset}, which lists those of the two that are.
 */
public final class EventJson {
    private static final List<String> OUTCOME = List.of("response", "error");

    private EventJson() {}

    /** The event as a tree of its own. */
    public static ObjectNode write(Event<JsonNode> event) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        Execution execution = event.execution();
        json.put("id", event.id().toString());
        json.put("created_at", event.createdAt().toString());
        json.set("metadata", event.metadata());
        json.set("execution", write(execution));
        json.put("type", event.type());
        json.set("payload", event.payload().deepCopy());
        json.put("priority", event.priority());
        json.set("timeout", seconds(event.timeout()));
        json.put("deadline", text(event.deadline()));
        json.put("streaming", event.streaming());
        json.put("attempt", execution.attempt());
        json.put("started_at", text(execution.startedAt()));
        json.put("finished_at", text(execution.finishedAt()));
        writeUnset(json, execution);
        if (event.terms().maxCrashes() != null) {
            json.put("max_crashes", event.terms().maxCrashes());
        }
        writeWaiting(json, event.waiting());
        return json;
    }

    /** The execution as the model writes it: exactly five keys. */
    public static ObjectNode write(Execution execution) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("status", execution.status().wireName());
        json.set("duration", seconds(execution.duration()));
        json.set("response", copy(execution.response()));
        json.set("error", copy(execution.error()));
        json.put("retryable", execution.retryable());
        return json;
    }

    /**
     * The event of a tree. Needs id, created_at, type, payload and the execution's status; the rest may be missing.
     *
     * @throws ValidationException if something is missing or does not fit, naming its path
     */
    public static Event<JsonNode> read(JsonNode json) {
        return read(new JsonFields("an event", json, JsonPath.ROOT));
    }

    /** The event of an object in some larger document. */
    static Event<JsonNode> read(JsonFields fields) {
        JsonNode payload = fields.raw("payload");
        if (payload == null) {
            throw fields.refusal("payload", "is missing");
        }
        return new Event<>(
                fields.uuid("id"),
                fields.instant("created_at"),
                fields.read(
                        "type",
                        fields.required("type"),
                        node -> Names.check("event type name", JsonFields.asText(node))),
                payload.deepCopy(),
                fields.objectOrEmpty("metadata"),
                new Terms(
                        fields.finiteOrNull("priority"),
                        fields.timeoutOrNull("timeout"),
                        fields.instantOrNull("deadline"),
                        fields.booleanOrFalse("streaming"),
                        null,
                        null,
                        readMaxCrashes(fields)),
                readExecution(fields),
                readWaiting(fields));
    }

    private static void writeWaiting(ObjectNode json, @Nullable Waiting waiting) {
        if (waiting != null) {
            json.putObject("waiting")
                    .put("priority", waiting.priority())
                    .put("denials", waiting.denials())
                    .put("due_at", text(waiting.dueAt()));
        }
    }

    private static @Nullable Waiting readWaiting(JsonFields event) {
        JsonNode present = event.raw("waiting");
        if (present == null || present.isNull()) {
            return null;
        }
        JsonFields fields = event.object("waiting");
        Double priority = fields.finiteOrNull("priority");
        if (priority == null) {
            throw fields.refusal("priority", "is missing");
        }
        return new Waiting(priority, fields.countOrZero("denials"), fields.instantOrNull("due_at"));
    }

    private static @Nullable Integer readMaxCrashes(JsonFields fields) {
        JsonNode given = fields.raw("max_crashes");
        return given == null || given.isNull()
                ? null
                : fields.read("max_crashes", given, node -> Terms.checkMaxCrashes(fields.countOrZero("max_crashes")));
    }

    private static Execution readExecution(JsonFields event) {
        JsonFields fields = event.object("execution");
        EventStatus status = fields.read(
                "status", fields.required("status"), node -> EventStatus.ofWireName(JsonFields.asText(node)));
        List<String> unset = unset(event, status);
        return new Execution(
                status,
                event.countOrZero("attempt"),
                event.instantOrNull("started_at"),
                event.instantOrNull("finished_at"),
                fields.secondsOrNull("duration"),
                outcome(fields, "response", unset),
                outcome(fields, "error", unset),
                fields.booleanOrNull("retryable"));
    }

    /** Says which nulls are unset, if that is not what the status says. */
    private static void writeUnset(ObjectNode json, Execution execution) {
        boolean usual = isUnsetWhenNull(execution.status());
        if (isOdd(execution.response(), usual) || isOdd(execution.error(), usual)) {
            ArrayNode unset = json.putArray("unset");
            if (execution.response() == null) {
                unset.add("response");
            }
            if (execution.error() == null) {
                unset.add("error");
            }
        }
    }

    private static List<String> unset(JsonFields event, EventStatus status) {
        JsonNode unset = event.raw("unset");
        if (unset == null) {
            return isUnsetWhenNull(status) ? OUTCOME : List.of();
        }
        return event.read("unset", unset, node -> {
            List<String> keys = new ArrayList<>();
            node.forEach(key -> keys.add(key.asText()));
            if (!node.isArray() || !OUTCOME.containsAll(keys)) {
                throw new IllegalArgumentException("must be an array of " + OUTCOME);
            }
            return keys;
        });
    }

    private static @Nullable JsonNode outcome(JsonFields fields, String key, List<String> unset) {
        JsonNode value = fields.raw(key);
        if (value == null || value.isNull()) {
            return unset.contains(key) ? null : NullNode.instance;
        }
        if (key.equals("error") && !value.isObject()) {
            throw fields.refusal(key, "must be an object or null");
        }
        return value.deepCopy();
    }

    private static boolean isUnsetWhenNull(EventStatus status) {
        return status != EventStatus.COMPLETED;
    }

    private static boolean isOdd(@Nullable JsonNode value, boolean unsetWhenNull) {
        return value == null ? !unsetWhenNull : value.isNull() && unsetWhenNull;
    }

    private static JsonNode seconds(@Nullable Duration duration) {
        return duration == null ? NullNode.instance : JsonNodeFactory.instance.numberNode(Seconds.of(duration));
    }

    private static @Nullable String text(@Nullable Instant instant) {
        return instant == null ? null : instant.toString();
    }

    private static JsonNode copy(@Nullable JsonNode node) {
        return node == null ? NullNode.instance : node.deepCopy();
    }
}
