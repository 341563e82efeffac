package dev.millrace.event;

/**
 * Whether a JSON text fits into one jsonb document. Its containers hold at most 268,435,455 bytes: text shrinks or stays
 * when it is stored, but each value takes a header, so that {@code [1,1,...]} grows sixfold. And while it is read, the
 * server keeps 32 bytes for each member of an array and 72 for each pair of an object, in one piece of less than 1 GiB
 * that grows by doubling: 16,777,216 members, or half as many pairs.
 */
final class JsonbSize {
    private static final int LIMIT = 0x0FFF_FFFF;
    private static final int MAX_VALUES = 1 << 24;
    private static final long HEADER = 12; // an entry of 4 bytes and a numeric's 8, the most a short value takes

    private JsonbSize() {}

    /** A bound from above, so that a document near the limit may be refused although it would just have fitted. */
    static boolean fits(byte[] utf8) {
        if (utf8.length < MAX_VALUES) {
            return true; // fewer bytes than values allowed, so this costs the ordinary payload nothing
        }
        long values = values(utf8);
        return values <= MAX_VALUES && utf8.length + HEADER * values <= LIMIT;
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
