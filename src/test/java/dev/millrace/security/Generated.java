package dev.millrace.security;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.Random;

/** Documents near the bounds of what is accepted: of levels, of digits, of keys' lengths. Confined to one thread. */
final class Generated {
    private static final ObjectMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamWriteConstraints(StreamWriteConstraints.builder()
                            .maxNestingDepth(2_000)
                            .build())
                    .build())
            .build();

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final String[] CHARACTERS = {"k", "\"", "\\", "\u0001", "\n", "\u20ac", "\uD83D\uDE00", " ", ":", ","
    };

    private final Random random;

    Generated(Random random) {
        this.random = random;
    }

    /** A document as the library gets it. */
    JsonNode tree() {
        JsonNode value = value(2);
        if (random.nextInt(3) == 0) {
            for (int level = 480 + random.nextInt(30); level > 0; level--) {
                value = wrapped(value);
            }
        }
        return value;
    }

    /** The same as text. */
    static String document(JsonNode tree) {
        try {
            return MAPPER.writeValueAsString(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree cannot be written", e);
        }
    }

    private JsonNode wrapped(JsonNode value) {
        if (random.nextBoolean()) {
            ArrayNode array = NODES.arrayNode();
            if (random.nextInt(20) == 0) {
                array.addObject();
            }
            return array.add(value);
        }
        return NODES.objectNode().set("a", value);
    }

    private JsonNode value(int levels) {
        return switch (random.nextInt(levels > 0 ? 6 : 4)) {
            case 0 -> NODES.textNode("1".repeat(random.nextInt(1_500)));
            case 1 -> number();
            case 2 -> NODES.nullNode();
            case 3 -> NODES.textNode(text(random.nextInt(30)));
            case 4 -> {
                ArrayNode array = NODES.arrayNode();
                for (int i = random.nextInt(5); i > 0; i--) {
                    array.add(value(levels - 1));
                }
                yield array;
            }
            default -> {
                ObjectNode object = NODES.objectNode();
                for (int i = random.nextInt(5); i > 0; i--) {
                    object.set(key(), value(levels - 1));
                }
                yield object;
            }
        };
    }

    private JsonNode number() {
        int digits = random.nextInt(4) == 0 ? 998 + random.nextInt(5) : 1 + random.nextInt(20);
        String whole = "9".repeat(digits);
        int point = random.nextInt(digits);
        boolean broken = point > 0 && random.nextBoolean();
        String text = broken ? whole.substring(0, point) + "." + whole.substring(point) : whole;
        return DecimalNode.valueOf(new BigDecimal((random.nextBoolean() ? "-" : "") + text));
    }

    private String key() {
        return random.nextInt(12) == 0 ? text(49_990 + random.nextInt(20)) : text(1 + random.nextInt(5));
    }

    /** So many characters as Java counts them, give or take one. */
    private String text(int length) {
        StringBuilder text = new StringBuilder();
        String character = CHARACTERS[random.nextInt(CHARACTERS.length)];
        while (text.length() < length) {
            text.append(random.nextInt(50) == 0 ? CHARACTERS[random.nextInt(CHARACTERS.length)] : character);
        }
        return text.toString();
    }
}
