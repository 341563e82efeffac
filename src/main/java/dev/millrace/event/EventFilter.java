package dev.millrace.event;

import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which of the events that have not ended are meant: to be cancelled or skipped. Immutable; each method answers with a narrower
 * copy.
 *
 * @param types the names of their types; empty for any
 * @param appendedSince appended then or later, by the database's clock; null for any time
 * @param appendedUntil appended before then; null for any time
 * @param lowest at least that priority, as it is now: after a denial or {@code reprioritize} not the one appended with;
 *     {@code -Infinity} for any
 * @param highest at most that priority; {@code Infinity} for any
 * @param limit at most so many; from 1
 */
public record EventFilter(
        Set<String> types,
        @Nullable Instant appendedSince,
        @Nullable Instant appendedUntil,
        double lowest,
        double highest,
        long limit) {

    /** Checks the bounds. */
    public EventFilter {
        types = Given.typeNames(types);
        if (appendedSince != null) {
            Terms.checkInstant("appendedSince", appendedSince);
        }
        if (appendedUntil != null) {
            Terms.checkInstant("appendedUntil", appendedUntil);
        }
        if (!(lowest <= highest)) { // nor NaN
            throw new IllegalArgumentException(
                    "the lowest priority must be at most the highest, got " + lowest + " and " + highest);
        }
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be at least 1, got " + limit);
        }
    }

    /** All that have not ended. */
    public static EventFilter all() {
        return new EventFilter(
                Set.of(), null, null, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, Long.MAX_VALUE);
    }

    /** Only of types of these names. */
    public EventFilter ofTypes(String... names) {
        return new EventFilter(Given.set("names", names), appendedSince, appendedUntil, lowest, highest, limit);
    }

    /** Only those that were appended then or later. */
    public EventFilter appendedSince(Instant time) {
        return new EventFilter(
                types, Objects.requireNonNull(time, "appendedSince"), appendedUntil, lowest, highest, limit);
    }

    /** Only those that were appended before then. */
    public EventFilter appendedUntil(Instant time) {
        return new EventFilter(
                types, appendedSince, Objects.requireNonNull(time, "appendedUntil"), lowest, highest, limit);
    }

    /** Only those whose priority now is from one to another, both included. */
    public EventFilter withPriorities(double from, double to) {
        return new EventFilter(types, appendedSince, appendedUntil, from, to, limit);
    }

    /** Only so many: due ones before scheduled ones, those before running ones. */
    public EventFilter limit(long events) {
        return new EventFilter(types, appendedSince, appendedUntil, lowest, highest, events);
    }
}
