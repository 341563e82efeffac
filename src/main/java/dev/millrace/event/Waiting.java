package dev.millrace.event;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How a pending event waits, at the moment it was read.
 *
 * @param priority by which it is claimed now, lower first: the priority of its append until it is denied or reprioritized
 * @param denials how many permission checks in a row denied it
 * @param dueAt when a scheduled event is due, by the database's clock; null if the event is due. A time that has passed means
 *     that no worker has moved the event into the queue yet
 */
public record Waiting(
        double priority, int denials, @Nullable Instant dueAt) {}
