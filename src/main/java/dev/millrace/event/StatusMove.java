package dev.millrace.event;

import java.util.UUID;

/**
 * A change of an event's status that has been committed.
 *
 * @param flow the name of the event's flow
 * @param attempt which claim of the event it begins or ends, from 1; of one that ended while it was pending the last, 0 if it was never claimed
 * @param from the status before: pending or processing
 * @param to the status now
 * @param result what came of the attempt, as it stands in the event's history; {@code PROCESSING} for a claim; for what ended
 *     while it was pending, how it ended
 */
public record StatusMove(
        String flow, UUID event, int attempt, EventStatus from, EventStatus to, EventAttempt.Result result) {}
