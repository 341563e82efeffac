package dev.millrace.event;

import java.time.Instant;

/**
 * Due events of a type that an executor or a worker does not know.
 *
 * @param flow the name of the flow
 * @param type the registered name of the payload type
 * @param due how many events are due; {@link #MOST_COUNTED} means that many or more
 * @param oldestDue since when the oldest of the counted events waits: the time of its append, or its due time if no worker has moved
 *     it into the queue since
 * @param workers how many live workers have started an executor that knows the type
 */
public record UnknownType(String flow, String type, long due, Instant oldestDue, long workers) {
    /** The number at which counting stops. */
    public static final long MOST_COUNTED = 10_000;
}
