package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the fields of one JSON object; what is missing or of the wrong kind is refused with its path. A field that is
 * null counts as missing. Fields that are not asked for are ignored: a newer writer may say more.
 */
final class JsonFields {
    private final String what;
    private final JsonNode object;
    private final String path;

    /**
     * The fields of an object.
     *
     * @param what what the whole document should be, for messages, such as {@code "an event"}
     */
    JsonFields(String what, JsonNode node, String path) {
        this.what = what;
        this.object = node;
        this.path = path;
        if (!node.isObject()) {
            throw refusalAt(path, "must be an object, got " + kind(node));
        }
    }

    /** The object under a key. */
    JsonFields object(String key) {
        return new JsonFields(what, required(key), path(key));
    }

    /** The objects in the array under a key. */
    List<JsonFields> objects(String key) {
        List<JsonFields> objects = new ArrayList<>();
        for (JsonNode element : array(key)) {
            objects.add(new JsonFields(what, element, elementPath(key, objects.size())));
        }
        return objects;
    }

    /** What the reader makes of the elements of the array under a key. */
    <T> List<T> elements(String key, Function<JsonNode, T> reader) {
        List<T> elements = new ArrayList<>();
        for (JsonNode element : array(key)) {
            elements.add(readAt(elementPath(key, elements.size()), element, reader));
        }
        return elements;
    }

    /** A copy of the object under a key; empty if there is none. */
    ObjectNode objectOrEmpty(String key) {
        return optional(
                key,
                node -> {
                    if (!(node instanceof ObjectNode fields)) {
                        throw new IllegalArgumentException("must be an object, got " + kind(node));
                    }
                    return fields.deepCopy();
                },
                ((ObjectNode) object).objectNode());
    }

    /** The value as it stands, a JSON null included; null if the key is missing. */
    @Nullable
    JsonNode raw(String key) {
        return object.get(key);
    }

    UUID uuid(String key) {
        return read(key, required(key), JsonFields::asUuid);
    }

    @Nullable
    String textOrNull(String key) {
        return optional(key, JsonFields::asText, null);
    }

    Instant instant(String key) {
        return read(key, required(key), JsonFields::asInstant);
    }

    @Nullable
    Instant instantOrNull(String key) {
        return optional(key, JsonFields::asInstant, null);
    }

    /** A duration that is not negative. */
    @Nullable
    Duration secondsOrNull(String key) {
        return optional(
                key,
                node -> {
                    Duration duration = Seconds.parse(node);
                    if (duration.isNegative()) {
                        throw new IllegalArgumentException("must not be negative");
                    }
                    return duration;
                },
                null);
    }

    /** A duration that can be a timeout. */
    @Nullable
    Duration timeoutOrNull(String key) {
        return optional(key, node -> Terms.checkTimeout(Seconds.parse(node)), null);
    }

    @Nullable
    Double finiteOrNull(String key) {
        return optional(
                key,
                node -> {
                    if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
                        throw new IllegalArgumentException("must be a finite number");
                    }
                    return node.doubleValue();
                },
                null);
    }

    @Nullable
    Boolean booleanOrNull(String key) {
        return optional(key, JsonFields::asBoolean, null);
    }

    boolean booleanOrFalse(String key) {
        return optional(key, JsonFields::asBoolean, false);
    }

    /** A count; 0 if there is none. */
    int countOrZero(String key) {
        return optional(
                key,
                node -> {
                    boolean whole =
                            node.isNumber() && Digits.areFew(node.decimalValue()) && isCount(node.decimalValue());
                    if (!whole) {
                        throw new IllegalArgumentException("must be a whole number from 0 to " + Integer.MAX_VALUE);
                    }
                    return node.intValue();
                },
                0);
    }

    /** Reads the value of a key, and gives what is wrong with it the path. */
    <T extends @Nullable Object> T read(String key, JsonNode node, Function<JsonNode, T> reader) {
        return readAt(path(key), node, reader);
    }

    JsonNode required(String key) {
        JsonNode node = object.get(key);
        if (node == null || node.isNull()) {
            throw refusal(key, "is missing");
        }
        return node;
    }

    private <T extends @Nullable Object> T optional(String key, Function<JsonNode, T> reader, T otherwise) {
        JsonNode node = object.get(key);
        return node == null || node.isNull() ? otherwise : read(key, node, reader);
    }

    String path(String key) {
        return JsonPath.property(path, key);
    }

    /** The path of this object itself. */
    String path() {
        return path;
    }

    /** The error that says what is wrong with the value of a key. */
    ValidationException refusal(String key, String why) {
        return refusalAt(path(key), why);
    }

    private ValidationException refusalAt(String where, String why) {
        return new ValidationException("not " + what + ": " + where + " " + why, Map.of("path", where));
    }

    private <T extends @Nullable Object> T readAt(String where, JsonNode node, Function<JsonNode, T> reader) {
        try {
            return reader.apply(node);
        } catch (IllegalArgumentException | DateTimeException | NotFoundException e) {
            throw refusalAt(where, String.valueOf(e.getMessage()));
        }
    }

    private JsonNode array(String key) {
        JsonNode node = required(key);
        if (!node.isArray()) {
            throw refusal(key, "must be an array, got " + kind(node));
        }
        return node;
    }

    private String elementPath(String key, int index) {
        return path(key) + "[" + index + "]";
    }

    private static boolean isCount(BigDecimal number) {
        return number.signum() >= 0
                && number.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) <= 0
                && number.stripTrailingZeros().scale() <= 0;
    }

    static String asText(JsonNode node) {
        if (!node.isTextual()) {
            throw new IllegalArgumentException("must be a text, got " + kind(node));
        }
        return node.textValue();
    }

    private static boolean asBoolean(JsonNode node) {
        if (!node.isBoolean()) {
            throw new IllegalArgumentException("must be true or false, got " + kind(node));
        }
        return node.booleanValue();
    }

    static UUID asUuid(JsonNode node) {
        String text = asText(node);
        UUID uuid = ItemIds.parseOrNull(text);
        if (uuid == null) {
            throw new IllegalArgumentException("must be a UUID of 36 characters, got " + Texts.quoted(text));
        }
        return uuid;
    }

    private static Instant asInstant(JsonNode node) {
        return Timestamps.parse(node.isNumber() ? node.asText() : asText(node));
    }

    private static String kind(JsonNode node) {
        return node.getNodeType().name().toLowerCase(Locale.ROOT);
    }
}
