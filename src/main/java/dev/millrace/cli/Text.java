package dev.millrace.cli;

/** Makes text from data safe to show: a terminal obeys control characters, and a line must stay a line. */
final class Text {
    private Text() {}

    /** At most {@code limit} characters of it, control and other invisible characters written as escapes. */
    static String printable(String text, int limit) {
        StringBuilder out = new StringBuilder(Math.min(text.length(), limit) + 8);
        int at = 0;
        while (at < text.length()) {
            int point = text.codePointAt(at);
            at += Character.charCount(point);
            String piece = isVisible(point) ? Character.toString(point) : escape(point);
            if (out.length() + piece.length() > limit) {
                return out.append("...").toString();
            }
            out.append(piece);
        }
        return out.toString();
    }

    private static boolean isVisible(int point) {
        return switch (Character.getType(point)) {
            // FORMAT holds the marks that turn the writing direction around
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    private static String escape(int point) {
        return switch (point) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> point < 0x10000 ? String.format("\\u%04x", point) : String.format("\\u{%x}", point);
        };
    }
}
