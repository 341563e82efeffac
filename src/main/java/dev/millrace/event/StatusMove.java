package dev.millrace.event;

import java.util.UUID;

/**
 * A change of an event's status that a worker has committed.
 *
 * @param flow the name of the event's flow
 * @param attempt which claim of the event it begins or ends, from 1
 * @param to the status now; before, it was pending if it is processing now, else processing
 * @param result what came of the attempt, as it stands in the event's history; {@code PROCESSING} for a claim
 */
public record StatusMove(String flow, UUID event, int attempt, EventStatus to, EventAttempt.Result result) {}
