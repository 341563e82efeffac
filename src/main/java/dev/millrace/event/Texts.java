package dev.millrace.event;

/**
 * What PostgreSQL can and cannot hold in a text or in a jsonb string: everything but NUL (U+0000) and surrogates
 * without their other half.
 */
final class Texts {
    /** Stands visibly for a character that cannot be stored (U+FFFD). */
    static final char REPLACEMENT = '\uFFFD';

    private static final int MAX_QUOTED = 60;

    private Texts() {}

    /** Where the first character stands that cannot be stored; -1 if there is none. */
    static int trouble(String text) {
        int length = text.length();
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if ((char) (c - 1) < Character.MIN_SURROGATE - 1) {
                continue; // U+0001 to U+D7FF: nearly every character there is
            }
            if (c == 0) {
                return i;
            }
            if (Character.isSurrogate(c)) {
                if (!isPair(text, i)) {
                    return i;
                }
                i++;
            }
        }
        return -1;
    }

    /** The text itself, or a copy in which {@link #REPLACEMENT} stands for each character that cannot be stored. */
    static String clean(String text) {
        if (trouble(text) < 0) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c) && isPair(text, i)) {
                clean.append(c).append(text.charAt(++i));
            } else {
                clean.append(c == 0 || Character.isSurrogate(c) ? REPLACEMENT : c);
            }
        }
        return clean.toString();
    }

    /**
     * The text cleaned and, if its UTF-8 is longer than {@code maxBytes}, cut between two characters; the end of a cut
     * text says how long it was.
     */
    static String storable(String text, int maxBytes) {
        long bytes = 0;
        for (int i = 0; i < text.length(); i += width(text, i)) {
            bytes += bytes(text, i);
        }
        if (bytes <= maxBytes) {
            return clean(text);
        }
        String marker = "... [cut: " + bytes + " bytes in all]";
        int room = maxBytes - marker.length();
        int end = 0;
        while (bytes(text, end) <= room) {
            room -= bytes(text, end);
            end += width(text, end);
        }
        return clean(text.substring(0, end)) + marker;
    }

    /** The text in quotes for an error message: short, and with nothing in it that could act on a terminal or log. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("'");
        for (int i = 0; i < text.length() && quoted.length() < MAX_QUOTED; i += width(text, i)) {
            int c = width(text, i) == 2 ? text.codePointAt(i) : text.charAt(i);
            if (c == '\'' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (isPlain(c)) {
                quoted.appendCodePoint(c);
            } else {
                quoted.append(Character.isBmpCodePoint(c) ? "\\u%04X".formatted(c) : "\\u{%X}".formatted(c));
            }
        }
        return quoted.append(quoted.length() < MAX_QUOTED ? "'" : "...'").toString();
    }

    /** Whether a character shows as itself and leaves its neighbours where they are. */
    static boolean isPlain(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            case Character.FORMAT -> !isBidi(codePoint);
            default -> true;
        };
    }

    /** Embeddings, overrides and isolates make a text read as another one. */
    private static boolean isBidi(int codePoint) {
        return (codePoint >= 0x202A && codePoint <= 0x202E) || (codePoint >= 0x2066 && codePoint <= 0x2069);
    }

    private static boolean isPair(String text, int at) {
        return Character.isHighSurrogate(text.charAt(at))
                && at + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(at + 1));
    }

    private static int width(String text, int at) {
        return isPair(text, at) ? 2 : 1;
    }

    /** UTF-8 bytes of the character there once it is clean: a replacement takes three. */
    private static int bytes(String text, int at) {
        char c = text.charAt(at);
        if (c == 0) {
            return 3;
        }
        if (c < 0x80) {
            return 1;
        }
        if (c < 0x800) {
            return 2;
        }
        return isPair(text, at) ? 4 : 3;
    }
}
