package dev.millrace;

import dev.millrace.event.UnknownType;
import java.util.List;

/**
 * What {@link Executor#joinReport} found at its end.
 *
 * @param done whether nothing of the types that the executor knows was due, and nothing ran here
 * @param unknownTypes due events of the flow that the executor cannot run, since it does not know their types; empty while the flow
 *     is paused
 */
public record JoinReport(boolean done, List<UnknownType> unknownTypes) {
    /** Copies the list. */
    public JoinReport {
        unknownTypes = List.copyOf(unknownTypes);
    }

    /** Whether nothing at all was due in the flow, and nothing ran here. */
    public boolean isDrained() {
        return done && unknownTypes.isEmpty();
    }
}
