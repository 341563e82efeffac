package dev.millrace.event;

import java.util.Objects;

/**
 * The one rule for names that people give: of event types, flows and progressions. A name has 1 to 200 characters
 * (code points, as PostgreSQL counts them), no control characters, line separators or bidirectional overrides, no
 * surrogate without its other half, and no blank at either end.
 */
public final class Names {
    /** The longest name, in code points. */
    public static final int MAX_LENGTH = 200;

    private Names() {}

    /**
     * The name, if it obeys the rule.
     *
     * @param what which name it is, for the message, such as {@code "flow name"}
     * @throws IllegalArgumentException if it does not, saying why
     */
    public static String check(String what, String name) {
        Objects.requireNonNull(name, what);
        if (name.isEmpty()) {
            throw new IllegalArgumentException(what + " must not be empty");
        }
        int length = name.codePointCount(0, name.length());
        if (length > MAX_LENGTH) {
            throw new IllegalArgumentException("%s must have at most %d characters, got %d: %s"
                    .formatted(what, MAX_LENGTH, length, Texts.quoted(name)));
        }
        if (!name.codePoints().allMatch(Texts::isPlain)) {
            throw new IllegalArgumentException(
                    "%s must not contain control characters, line separators, bidirectional overrides or characters that do not exist, got %s"
                            .formatted(what, Texts.quoted(name)));
        }
        if (isBlank(name.codePointAt(0)) || isBlank(name.codePointBefore(name.length()))) {
            throw new IllegalArgumentException(
                    "%s must not begin or end with a blank, got %s".formatted(what, Texts.quoted(name)));
        }
        return name;
    }

    /** Whether PostgreSQL can hold the text: one that it cannot is nobody's name, and must not be looked for as another. */
    public static boolean canBeStored(String text) {
        return Texts.trouble(text) < 0;
    }

    /** Any text in quotes for an error message: short, and with nothing in it that could act on a terminal or log. */
    public static String quoted(String text) {
        return Texts.quoted(text);
    }

    private static boolean isBlank(int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint);
    }
}
