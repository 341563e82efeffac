package dev.millrace.cli;

import dev.millrace.event.EventStatus;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far a run has come.
 *
 * @param counts all seven statuses
 * @param elapsed since the run began
 * @param perSecond calls settled per second lately; 0 if none
 */
record Snapshot(Map<EventStatus, Long> counts, Duration elapsed, double perSecond) {
    /** Copies the counts; a status that is not there counts 0. */
    Snapshot {
        EnumMap<EventStatus, Long> all = new EnumMap<>(EventStatus.class);
        for (EventStatus status : EventStatus.all()) {
            all.put(status, counts.getOrDefault(status, 0L));
        }
        counts = all;
    }

    long count(EventStatus status) {
        return counts.getOrDefault(status, 0L);
    }

    long total() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** How many calls are over, whichever way. */
    long settled() {
        return total() - count(EventStatus.PENDING) - count(EventStatus.PROCESSING);
    }

    boolean isDone() {
        return settled() == total();
    }

    /** How long the rest takes at this pace; null if there is no telling. */
    @Nullable
    Duration remaining() {
        long left = total() - settled();
        return perSecond <= 0 ? null : Duration.ofMillis((long) (left / perSecond * 1000));
    }
}
