package dev.millrace.store;

import java.util.UUID;

/**
 * One piece of a streaming event's answer.
 *
 * @param hold the claim whose handler emitted it
 * @param index its place in the stream, from 0
 * @param value JSON text
 */
public record ChunkRow(Hold hold, int index, String value) {
    /** The event. */
    public UUID id() {
        return hold.id();
    }
}
