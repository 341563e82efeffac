package dev.millrace.event;

/**
 * Whether a JSON text fits into one jsonb document, whose containers hold at most 268,435,455 bytes. Text shrinks or
 * stays when it is stored, but each value takes a header: {@code [1,1,...]} grows sixfold.
 */
final class JsonbSize {
    private static final int LIMIT = 0x0FFF_FFFF;
    private static final int HEADER = 12; // an entry of 4 bytes and a numeric's 8, the most a short value takes

    private JsonbSize() {}

    /** A bound from above, so that a document near the limit may be refused although it would just have fitted. */
    static boolean fits(byte[] utf8) {
        if (utf8.length <= LIMIT / (HEADER / 2 + 1)) {
            return true; // 36 MiB: even if every second byte were a value
        }
        return utf8.length + (long) HEADER * values(utf8) <= LIMIT;
    }

    /** How many keys and values there are: what stands between commas and colons outside texts, at most. */
    private static long values(byte[] utf8) {
        long values = 1;
        boolean inText = false;
        for (int i = 0; i < utf8.length; i++) {
            switch (utf8[i]) {
                case '"' -> inText = !inText;
                case '\\' -> i++;
                case ',', ':', '[', '{' -> values += inText ? 0 : 1;
                default -> {}
            }
        }
        return values;
    }
}
