package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Makes a fresh event of one that has been: the same work, appended again. Its metadata tell where it
 * comes from in three keys that are Millrace's own, whatever the application wrote there:
 *
 * <ul>
 *   <li>{@code original}: id and creation time of the event it was made from;
 *   <li>{@code root}: the same of the first in the line;
 *   <li>{@code attempt}: its number in the line, where the first counts as 1.
 * </ul>
 *
 * <p>An application cannot give these keys when it appends. They count only where all three are as they are written here.
 *
 * <p>Timeout, deadline, streaming and the number of deaths belong to the work and are kept. The priority is not: it belongs to the place in
 * the queue, denials shift it, and after an append the default (the creation time) cannot be told from a given one; so a
 * fresh event that should overtake is given a priority when it is appended, as in the model.
 */
final class FreshEvents {
    private static final String ORIGINAL = "original";
    private static final String ROOT = "root";
    private static final String ATTEMPT = "attempt";
    private static final List<String> OWN = List.of(ATTEMPT, ORIGINAL, ROOT);
    private static final Pattern ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

    private FreshEvents() {}

    static <T> Event<T> of(Event<T> event, boolean copyMetadata) {
        ObjectNode before = event.metadata(); // a deep copy already
        ObjectNode metadata = copyMetadata ? before : JsonNodeFactory.instance.objectNode();
        boolean again = isLineage(before);
        JsonNode root = again ? before.get(ROOT) : reference(event);
        int attempt = again ? before.get(ATTEMPT).intValue() + 1 : 2;
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

    /** The first of the keys that are Millrace's own and stand in these notes. */
    static Optional<String> ownKey(ObjectNode notes) {
        return OWN.stream().filter(notes::has).findFirst();
    }

    /** Whether all three keys are there, and are what {@link #of} writes. */
    static boolean isLineage(ObjectNode metadata) {
        JsonNode attempt = metadata.path(ATTEMPT);
        return isReference(metadata.path(ORIGINAL))
                && isReference(metadata.path(ROOT))
                && attempt.isIntegralNumber()
                && attempt.canConvertToInt()
                && attempt.intValue() >= 2
                && attempt.intValue() < Integer.MAX_VALUE;
    }

    private static boolean isReference(JsonNode node) {
        return node.size() == 2
                && node.path("created_at").isTextual()
                && ID.matcher(node.path("id").asText()).matches();
    }

    private static ObjectNode reference(Event<?> event) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", event.id().toString())
                .put("created_at", event.createdAt().toString());
    }
}
