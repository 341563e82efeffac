package dev.millrace.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.event.Refusal.Reason;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Turns what a handler returned into JSON text, whatever it is: the handler has run, so this never fails. Reads it
 * again, and says where something else is stored in its place.
 */
public final class Responses {
    private static final String MARK = "<unserializable>";
    private static final String UNSERIALIZABLE = '"' + MARK + '"';
    private static final String TOO_LARGE = "too large to store";

    private Responses() {}

    /**
     * A response, or a chunk, as it is stored.
     *
     * @param text JSON that jsonb accepts
     * @param trouble why something else is stored in place of the value or of a part of it; null if nothing is
     */
    public record Written(String text, @Nullable Trouble trouble) {}

    /**
     * Why an answer is not stored as it is.
     *
     * @param where the path in it, which may have keys that are content, and words of Jackson's; null for none
     * @param why in words of the library's own, without a word of what is in it
     * @param partial whether all the rest is stored, and only what stands there is replaced
     */
    public record Trouble(@Nullable String where, String why, boolean partial) {
        static Trouble of(Refusal refusal, boolean partial) {
            return refusal.reason() == Reason.UNWRITABLE
                    ? new Trouble(refusal.path() + ": " + refusal.getMessage(), "see what it is made of", partial)
                    : new Trouble(refusal.path(), String.valueOf(refusal.getMessage()), partial);
        }
    }

    static Written write(ObjectMapper mapper, @Nullable Object value, int capBytes) {
        Payloads.checkCap(capBytes);
        if (value == null) {
            return new Written("null", null);
        }
        BoundedBytes out = BoundedBytes.counting(capBytes);
        Refusal repaired;
        try {
            repaired = Encoder.write(mapper, value, out, capBytes, true);
        } catch (Refusal e) {
            long least = Math.max(capBytes, Math.min(out.count(), Payloads.MAX_CAP_BYTES));
            return e.reason() == Reason.TOO_LARGE
                    ? tooLarge("more_than_bytes", least, capBytes)
                    : new Written(UNSERIALIZABLE, Trouble.of(e, false));
        } catch (Throwable e) { // a getter's AssertionError must not undo the work
            Errors.rethrowIfFatal(e);
            String why = e.getClass().getName() + " was thrown while it was read";
            return new Written(UNSERIALIZABLE, new Trouble(null, why, false));
        }
        if (out.isOverCap()) {
            return tooLarge("bytes", out.count(), capBytes);
        }
        byte[] utf8 = out.bytes();
        return JsonbSize.fits(utf8)
                ? new Written(BoundedBytes.text(utf8), repaired == null ? null : Trouble.of(repaired, true))
                : tooLarge("bytes", out.count(), capBytes);
    }

    private static Written tooLarge(String sizeKey, long bytes, int capBytes) {
        ObjectNode marker = JsonNodeFactory.instance.objectNode();
        marker.put("millrace", TOO_LARGE).put(sizeKey, bytes).put("cap_bytes", capBytes);
        String why = "its JSON takes %s%d bytes, responseCap is %d"
                .formatted(sizeKey.equals("bytes") ? "" : "more than ", bytes, capBytes);
        return new Written(Json.text(marker), new Trouble(null, why, false));
    }

    static <T> T read(ApplicationJson json, UUID event, JsonNode response, Class<T> type) {
        String missing = missing(response);
        if (missing != null) {
            throw new ValidationException(
                    "event %s completed, but its response is not stored: %s".formatted(event, missing),
                    Map.of("event", event.toString(), "reason", "response_not_stored"));
        }
        JavaType known = json.mapper().constructType(type);
        try {
            Object read = json.mapper().readerFor(known).readValue(Json.text(response));
            return type.cast(Objects.requireNonNull(read, "it is null"));
        } catch (JsonProcessingException | RuntimeException e) {
            throw Undecodable.response(event, known, json, e);
        }
    }

    /** Why there is only a mark in place of a response; null if it is one. */
    private static @Nullable String missing(JsonNode response) {
        if (response.isTextual() && response.textValue().equals(MARK)) {
            return "what the handler answered cannot be written as JSON, so \"%s\" stands in its place; the log of the worker names its class and the reason"
                    .formatted(MARK);
        }
        if (response.isObject() && response.path("millrace").asText("").equals(TOO_LARGE)) {
            return "its JSON is too large (%s); raise responseCap where it runs, or store the bulk elsewhere and answer with a reference"
                    .formatted(sizes(response));
        }
        return null;
    }

    private static String sizes(JsonNode mark) {
        String bytes = mark.has("bytes")
                ? mark.path("bytes").asText()
                : "more than " + mark.path("more_than_bytes").asText();
        return "%s bytes, responseCap was %s"
                .formatted(bytes, mark.path("cap_bytes").asText());
    }
}
