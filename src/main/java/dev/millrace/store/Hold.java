package dev.millrace.store;

import java.util.UUID;

/**
 * The fence: what a statement that ends a claim must match.
 *
 * @param id the event
 * @param worker the registration that claimed it
 * @param attempt which claim of the event it is; only ever grows
 */
public record Hold(UUID id, UUID worker, int attempt) {}
