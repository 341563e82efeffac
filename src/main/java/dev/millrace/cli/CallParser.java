package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.millrace.event.Terms;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Turns the text of one line into a call, or says why it cannot. Thread-safe. */
final class CallParser {
    private static final List<String> KEYS = List.of("url", "method", "headers", "body", "priority", "timeout");
    private static final String CONTENT_TYPE = "Content-Type";

    /** Numbers in a body are sent as they were written: 1.10 stays 1.10, and no digit is lost. */
    private final ObjectMapper mapper = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    /** A call and how it wants to be treated. */
    record Parsed(HttpCall call, Terms terms) {}

    /**
     * Reads one line.
     *
     * @throws IllegalArgumentException saying what is wrong, safe to print
     */
    Parsed parse(String line) {
        JsonNode object = object(line);
        object.fieldNames().forEachRemaining(CallParser::checkKey);
        JsonNode body = object.get("body");
        Map<String, String> headers = headers(object.get("headers"));
        if (body != null && body.isContainerNode() && !headers.containsKey(CONTENT_TYPE)) {
            headers.put(CONTENT_TYPE, "application/json");
        }
        String content = body(body);
        String method = method(object.get("method"), content);
        HttpCall call = new HttpCall(url(object.get("url")), method, headers, content);
        call.request(); // throws if the client would not send it
        return new Parsed(
                call, new Terms(priority(object.get("priority")), timeout(object.get("timeout")), null, false));
    }

    private JsonNode object(String line) {
        JsonNode node;
        try {
            node = mapper.readTree(line);
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " at character " + e.getLocation().getColumnNr();
            throw new IllegalArgumentException("not JSON" + where + ": " + Text.printable(e.getOriginalMessage(), 200));
        }
        if (!node.isObject()) {
            throw new IllegalArgumentException("must be a JSON object such as {\"url\": \"http://...\"}");
        }
        return node;
    }

    private static void checkKey(String key) {
        if (!KEYS.contains(key)) {
            throw new IllegalArgumentException(
                    "unknown key '" + Text.printable(key, 60) + "'; the keys are " + String.join(", ", KEYS));
        }
    }

    private static String url(@Nullable JsonNode node) {
        if (node == null) {
            throw new IllegalArgumentException("has no url");
        }
        return text("url", node);
    }

    private static String method(@Nullable JsonNode node, @Nullable String body) {
        if (node == null) {
            return body == null ? "GET" : "POST";
        }
        return text("method", node);
    }

    private static Map<String, String> headers(@Nullable JsonNode node) {
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        if (node == null) {
            return headers;
        }
        if (!node.isObject()) {
            throw new IllegalArgumentException("headers must be an object of strings");
        }
        node.properties().forEach(header -> {
            String name = Text.printable(header.getKey(), 60);
            if (headers.put(header.getKey(), text("header '" + name + "'", header.getValue())) != null) {
                throw new IllegalArgumentException("header '" + name + "' is given twice");
            }
        });
        return headers;
    }

    private @Nullable String body(@Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isTextual() && !node.isContainerNode()) {
            throw new IllegalArgumentException("body must be a string, an object or an array");
        }
        String body = node.isTextual() ? node.textValue() : node.toString();
        for (int at = 0; at < body.length(); at += Character.charCount(body.codePointAt(at))) {
            int point = body.codePointAt(at);
            if (point == 0 || (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE)) {
                throw new IllegalArgumentException(
                        "body holds %s, which cannot be stored".formatted(point == 0 ? "NUL" : "half a character"));
            }
        }
        return body;
    }

    private static @Nullable Double priority(@Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isNumber()) {
            throw new IllegalArgumentException("priority must be a number");
        }
        return node.doubleValue(); // Terms refuses one too big to be finite
    }

    private static @Nullable Duration timeout(@Nullable JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        if (node.isNumber()) {
            return Terms.timeoutOfSeconds(node.doubleValue());
        }
        if (!node.isTextual()) {
            throw new IllegalArgumentException("timeout must be a number of seconds or a string such as \"5s\"");
        }
        try {
            return Durations.parse(node.textValue());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("timeout " + e.getMessage(), e);
        }
    }

    private static String text(String name, JsonNode node) {
        if (!node.isTextual()) {
            throw new IllegalArgumentException(name + " must be a string");
        }
        return node.textValue();
    }
}
