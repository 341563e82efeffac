package dev.millrace.security;

import java.util.function.IntFunction;

/**
 * Shapes of JSON that are dear to check: each makes a document of about so many bytes. What is dear differs by shape: the number
 * of values, of strings, of escapes, of digits, or the levels around them.
 */
enum WorstShape {
    EMPTY_OBJECTS(false, size -> repeated("{}", size)),
    EMPTY_ARRAYS(false, size -> repeated("[]", size)),
    NUMBERS(false, size -> repeated("1", size)),
    EMPTY_TEXTS(false, size -> repeated("\"\"", size)),
    KEYS(false, WorstShape::keys),
    ONE_TEXT(false, size -> "\"" + "x".repeat(size) + "\""),
    ONE_TEXT_OF_QUOTES(false, size -> "\"" + "\\\"".repeat(size / 2) + "\""),
    ONE_TEXT_OF_BACKSLASHES(false, size -> "\"" + "\\\\".repeat(size / 2) + "\""),
    ONE_TEXT_OF_CONTROLS(false, size -> "\"" + "\\u0001".repeat(size / 6) + "\""),
    ONE_TEXT_OF_DIGITS(false, size -> "\"" + "1".repeat(size) + "\""),
    NESTED_490_AROUND_NUMBERS(false, size -> nested(490, repeated("1", size))),
    TOWERS_OF_ARRAYS(false, size -> repeated(nested(490, "1"), size)),
    TOWERS_OF_OBJECTS(false, size -> repeated("{\"a\":".repeat(490) + "1" + "}".repeat(490), size)),
    TWO_CHILDREN_ON_490_LEVELS(false, size -> "[[],".repeat(490) + repeated("1", size) + "]".repeat(490)),
    NUMBERS_OF_1000_DIGITS(false, size -> repeated("9".repeat(1_000), size)),
    NUMBERS_OF_900_DIGITS_AND_A_POINT(false, size -> repeated("1." + "9".repeat(899), size)),
    DIGITS_IN_A_TEXT_AMONG_NUMBERS(false, size -> "[\"" + "1".repeat(300) + "\"," + repeated("1", size) + "]"),
    DIGITS_IN_A_TEXT_AMONG_TEXTS(false, size -> "[\"" + "1".repeat(300) + "\"," + repeated("\"\"", size) + "]"),
    DIGITS_IN_A_TEXT_AMONG_OBJECTS(false, size -> "[\"" + "1".repeat(300) + "\"," + repeated("{}", size) + "]"),
    KEYS_OF_49990(false, size -> longKeys(size, "k".repeat(49_990))),
    KEYS_OF_QUOTES(false, size -> longKeys(size, "\\\"".repeat(24_990))),
    KEYS_OF_CONTROLS(false, size -> longKeys(size, "\\u0001".repeat(24_990))),
    KEYS_OF_THREE_BYTES(false, size -> longKeys(size, "\u20ac".repeat(49_990))),
    KEYS_OF_FOUR_BYTES(false, size -> longKeys(size, "\uD83D\uDE00".repeat(24_990))),
    TOO_DEEP(true, size -> nested(600, repeated("1", size))),
    TOO_DEEP_AT_THE_END(true, size -> "[" + repeated("{}", size) + "," + nested(600, "1") + "]"),
    NESTED_490_AROUND_A_LONG_NUMBER(true, size -> nested(490, repeated("1", size) + "," + "1".repeat(1_001))),
    LONG_NUMBER_AFTER_OBJECTS(true, size -> "[" + repeated("{}", size) + "," + "1".repeat(1_001) + "]"),
    LONG_NUMBER_ON_EACH_LEVEL(true, size -> "[".repeat(490) + "1" + ("," + "1".repeat(1_001) + "]").repeat(490)),
    LONG_KEY_AFTER_NUMBERS(true, size -> "[" + repeated("1", size) + ",{\"" + "k".repeat(50_001) + "\":1}]"),
    LONG_KEY_OF_FOUR_BYTES(true, size -> "{\"" + "\uD83D\uDE00".repeat(25_001) + "\":" + repeated("1", size) + "}");

    private final boolean refused;

    @SuppressWarnings("ImmutableEnumChecker") // the functions keep no state
    private final IntFunction<String> generator;

    WorstShape(boolean refused, IntFunction<String> generator) {
        this.refused = refused;
        this.generator = generator;
    }

    /** Whether a document of this shape is refused whatever its size. */
    boolean isRefused() {
        return refused;
    }

    /** A document of about so many bytes of JSON without blanks; a few shapes have a least size. */
    String document(int bytes) {
        return generator.apply(bytes);
    }

    /** An array of that value, again and again. */
    private static String repeated(String value, int size) {
        int number = Math.max(1, size / (value.length() + 1) - 1);
        return "[" + (value + ",").repeat(number) + value + "]";
    }

    private static String nested(int levels, String inside) {
        return "[".repeat(levels) + inside + "]".repeat(levels);
    }

    private static String keys(int size) {
        StringBuilder json = new StringBuilder("{\"a\":1");
        for (int key = 0; json.length() < size - 20; key++) {
            json.append(",\"").append(key).append("\":1");
        }
        return json.append('}').toString();
    }

    private static String longKeys(int size, String key) {
        int number = Math.max(1, size / (key.getBytes(java.nio.charset.StandardCharsets.UTF_8).length + 12));
        StringBuilder json = new StringBuilder("{\"a\":1");
        for (int n = 0; n < number; n++) {
            json.append(",\"").append(key).append(n).append("\":1");
        }
        return json.append('}').toString();
    }
}
