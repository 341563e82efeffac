package dev.millrace.store;

/**
 * A place in a progression: the sort key of a member. Pending ones sort by priority while due and by due time after.
 *
 * @param later whether the place is among pending events that are not due yet
 */
public record Place(boolean later, double major, long minor) {
    /** Before the first member. */
    public static final Place START = new Place(false, Double.NEGATIVE_INFINITY, Long.MIN_VALUE);

    /** Before the first pending member that is not due yet. */
    static final Place START_LATER = new Place(true, Double.NEGATIVE_INFINITY, Long.MIN_VALUE);

    /** As text that {@link #parse} reads. */
    public String encode() {
        return (later ? "l" : "n") + "," + major + "," + minor;
    }

    /**
     * The place that {@link #encode} wrote.
     *
     * @throws IllegalArgumentException if it did not write that
     */
    public static Place parse(String text) {
        String[] parts = text.split(",", -1);
        if (parts.length == 3 && (parts[0].equals("l") || parts[0].equals("n"))) {
            try {
                return new Place(parts[0].equals("l"), Double.parseDouble(parts[1]), Long.parseLong(parts[2]));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("not a cursor of a page: '" + text + "'", e);
            }
        }
        throw new IllegalArgumentException("not a cursor of a page: '" + text + "'");
    }
}
