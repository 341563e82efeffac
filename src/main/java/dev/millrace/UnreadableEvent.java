package dev.millrace;

import dev.millrace.event.EventStatus;
import dev.millrace.event.MillraceException;
import java.util.UUID;

/**
 * An event of a page that this executor cannot read: its type is not registered, or its payload does not fit the registered class.
 * {@link Executor#json} reads it as JSON.
 *
 * @param type its payload type's name
 * @param status how it is doing
 * @param error why it cannot be read, without a word of its payload; what {@link Executor#event} throws of it
 */
public record UnreadableEvent(UUID id, String type, EventStatus status, MillraceException error) {}
