package dev.millrace.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
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
    private final JsonNode object;
    private final String path;

    JsonFields(JsonNode node, String path) {
        if (!node.isObject()) {
            throw refusal(path, "must be an object, got " + kind(node));
        }
        this.object = node;
        this.path = path;
    }

    /** The object under a key. */
    JsonFields object(String key) {
        return new JsonFields(required(key), path(key));
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
        return read(key, required(key), node -> {
            String text = asText(node);
            UUID uuid = UUID.fromString(text);
            if (!uuid.toString().equalsIgnoreCase(text)) { // fromString also takes 1-1-1-1-1
                throw new IllegalArgumentException("must be a UUID of 36 characters, got " + Texts.quoted(text));
            }
            return uuid;
        });
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
        try {
            return reader.apply(node);
        } catch (IllegalArgumentException | DateTimeException | NotFoundException e) {
            throw refusal(path(key), String.valueOf(e.getMessage()));
        }
    }

    JsonNode required(String key) {
        JsonNode node = object.get(key);
        if (node == null || node.isNull()) {
            throw refusal(path(key), "is missing");
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

    static ValidationException refusal(String path, String why) {
        return new ValidationException("not an event: " + path + " " + why, Map.of("path", path));
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

    /** An ISO time with its offset; one without would mean another instant on each machine. */
    private static Instant asInstant(JsonNode node) {
        String text = asText(node);
        try {
            return Terms.checkInstant("it", Instant.parse(text));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    "must be a time with its offset such as 2026-01-31T09:00:00Z, got " + Texts.quoted(text));
        }
    }

    private static String kind(JsonNode node) {
        return node.getNodeType().name().toLowerCase(Locale.ROOT);
    }
}
