package dev.millrace.store;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A flow's own row.
 *
 * @param metadata JSON text of an object
 * @param maxPending how many pending events it may hold; null for as many as come
 */
public record FlowRow(
        int id,
        UUID uid,
        String name,
        String metadata,
        Instant createdAt,
        @Nullable Integer maxPending) {}
