package dev.millrace.store;

import dev.millrace.event.Execution;
import java.util.UUID;

/**
 * One worker's hold on one event. The attempt number is the fence: it only ever grows.
 *
 * @param worker the registration that claimed it
 * @param priority the event's, shifted by each denial so far
 * @param expired whether the deadline had passed when it was claimed, by the database's clock
 */
public record Claim(
        StoredEvent event, UUID worker, double priority, int failures, int denials, int deaths, boolean expired) {
    /** The claimed event's id. */
    public UUID id() {
        return event.id();
    }

    /** Which claim of the event this is, from 1. */
    public int attempt() {
        return execution().attempt();
    }

    /** The fence of every statement that ends it. */
    public Hold hold() {
        return new Hold(id(), worker, attempt());
    }

    private Execution execution() {
        return event.execution();
    }
}
