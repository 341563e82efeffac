package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Makes a fresh event of one that has been: the same work, appended again. Its metadata tell where it
 * comes from in three keys that are Millrace's own, whatever the application wrote there:
 *
 * <ul>
 *   <li>{@code original}: id and creation time of the event it was made from;
 *   <li>{@code root}: the same of the first in the line;
 *   <li>{@code attempt}: its number in the line, where the first counts as 1. An application that numbers its events
 *       itself under that key is taken at its word.
 * </ul>
 *
 * <p>Timeout, deadline, streaming and the number of deaths belong to the work and are kept. The priority is not: it belongs to the place in
 * the queue, denials shift it, and after an append the default (the creation time) cannot be told from a given one; so a
 * fresh event that should overtake is given a priority when it is appended, as in the model.
 */
final class FreshEvents {
    private static final String ORIGINAL = "original";
    private static final String ROOT = "root";
    private static final String ATTEMPT = "attempt";

    private FreshEvents() {}

    static <T> Event<T> of(Event<T> event, boolean copyMetadata) {
        ObjectNode before = event.metadata(); // a deep copy already
        ObjectNode metadata = copyMetadata ? before : JsonNodeFactory.instance.objectNode();
        JsonNode root = root(event, before);
        int attempt = attempt(before) + 1;
        metadata.set(ORIGINAL, reference(event));
        metadata.set(ROOT, root);
        metadata.put(ATTEMPT, attempt);
        Terms terms = event.terms();
        return new Event<>(
                UuidV7.next(),
                Instant.now().truncatedTo(ChronoUnit.MICROS),
                event.type(),
                event.payload(),
                metadata,
                terms.withPriority(null).withUnique(null).withRunAt(null),
                Execution.PRISTINE);
    }

    /** The parent's root, if it is a fresh event itself; else the parent. */
    private static JsonNode root(Event<?> event, ObjectNode metadata) {
        JsonNode root = metadata.get(ROOT);
        boolean fresh = metadata.path(ORIGINAL).path("id").isTextual()
                && root != null
                && root.path("id").isTextual();
        return fresh ? root : reference(event);
    }

    private static int attempt(ObjectNode metadata) {
        JsonNode attempt = metadata.path(ATTEMPT);
        boolean counted =
                attempt.canConvertToInt() && attempt.intValue() >= 1 && attempt.intValue() < Integer.MAX_VALUE;
        return counted ? attempt.intValue() : 1;
    }

    private static ObjectNode reference(Event<?> event) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", event.id().toString())
                .put("created_at", event.createdAt().toString());
    }
}
