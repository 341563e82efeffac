package dev.millrace.event;

import java.util.UUID;

/**
 * An answer that came after its worker had lost the event: refused, and kept beside the lost attempt.
 *
 * @param event the event's id
 * @param worker the registration that had claimed it
 * @param attempt which claim of the event it was, from 1
 * @param status what the answer asked for; pending for a return
 */
public record LateResult(UUID event, UUID worker, int attempt, EventStatus status) {}
