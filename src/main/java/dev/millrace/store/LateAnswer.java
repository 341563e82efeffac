package dev.millrace.store;

import dev.millrace.event.EventStatus;
import org.jspecify.annotations.Nullable;

/**
 * What a worker answered about a claim that it had lost.
 *
 * @param status what the answer asked for; pending for a return
 * @param error JSON text; null if there was none
 * @param bytes the size of the response, which is not kept; null if there was none
 */
public record LateAnswer(
        Hold hold,
        EventStatus status,
        @Nullable String error,
        @Nullable Integer bytes) {}
