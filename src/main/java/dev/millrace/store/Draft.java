package dev.millrace.store;

import dev.millrace.event.Terms;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An event about to be appended, checked and encoded.
 *
 * @param lane the queue of its type
 * @param payload JSON text that PostgreSQL is sure to accept
 * @param metadata JSON text of an object
 * @param runAt not before that time; null for at once
 * @param delay not before so long after it is stored; null for at once
 */
public record Draft(
        UUID id,
        int lane,
        String type,
        String payload,
        String metadata,
        Terms terms,
        @Nullable Instant runAt,
        @Nullable Duration delay) {
    /** Whether it is due at once and for ever. */
    boolean isPlain() {
        return runAt == null && delay == null && terms.deadline() == null;
    }

    /** Whether it asks for something that is kept beside its facts. */
    boolean hasOptions() {
        return terms.maxCrashes() != null;
    }

    /** Whether it wants to be the only one with a key. */
    boolean isUnique() {
        return terms.unique() != null;
    }
}
