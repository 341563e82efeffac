package dev.millrace.store;

import dev.millrace.event.Names;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Locale;

/**
 * A place in a progression: the sort key of a member.
 *
 * @param order what members sort by there
 * @param major the first part of the key, as text that loses nothing; empty where the second part is all
 * @param minor the second part
 */
public record Place(Order order, String major, long minor) {
    /** Before the first member, in any order. */
    public static final Place START = new Place(Order.PRIORITY, "-Infinity", Long.MIN_VALUE);

    /** What the members of a progression sort by. */
    public enum Order {
        /** Pending and due. */
        PRIORITY,
        /** Pending and not due yet, by due time; processing, by time of claim. */
        TIME,
        /** Settled. */
        ARRIVAL;

        String letter() {
            return name().substring(0, 1).toLowerCase(Locale.ROOT);
        }
    }

    /** Whether a progression in that order has this place. */
    boolean isIn(Order other) {
        return order == other || equals(START);
    }

    /** As text that {@link #parse} reads. */
    public String encode() {
        return order.letter() + "," + major + "," + minor;
    }

    /**
     * The place that {@link #encode} wrote.
     *
     * @throws IllegalArgumentException if it did not write that
     */
    public static Place parse(String text) {
        String[] parts = text.split(",", -1);
        for (Order order : Order.values()) {
            if (parts.length == 3 && parts[0].equals(order.letter())) {
                try {
                    return new Place(order, canonical(order, parts[1]), Long.parseLong(parts[2]));
                } catch (IllegalArgumentException | DateTimeException e) {
                    throw new IllegalArgumentException("not a cursor of a page: " + Names.quoted(text), e);
                }
            }
        }
        throw new IllegalArgumentException("not a cursor of a page: " + Names.quoted(text));
    }

    private static String canonical(Order order, String major) {
        return switch (order) {
            case PRIORITY -> priority(Double.parseDouble(major));
            case TIME -> time(Instant.parse(major));
            case ARRIVAL -> nothing(major);
        };
    }

    private static String priority(double priority) {
        if (Double.isNaN(priority)) {
            throw new IllegalArgumentException("no priority is NaN");
        }
        return Double.toString(priority);
    }

    private static String time(Instant time) {
        int year = time.atOffset(ZoneOffset.UTC).getYear();
        if (year < 1 || year > 9999) { // no event has such a time, and the database may not take it
            throw new IllegalArgumentException("no time is in the year " + year);
        }
        return time.toString();
    }

    private static String nothing(String major) {
        if (!major.isEmpty()) {
            throw new IllegalArgumentException("arrivals have one number");
        }
        return major;
    }
}
