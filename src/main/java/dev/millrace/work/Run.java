package dev.millrace.work;

import dev.millrace.event.Event;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at one event, as its handler sees it. Thread-safe.
 *
 * @param <T> the payload's type
 */
public interface Run<T> {
    /** The event as it was when it was claimed. */
    Event<T> event();

    /** The event's id: the key to make effects outside the database idempotent. */
    default UUID id() {
        return event().id();
    }

    /** Which claim of the event this is, from 1. Grows with every claim, also with those that never ran. */
    default int attempt() {
        return event().execution().attempt();
    }

    /** Whether the answer no longer counts: timed out, cancelled, or the lease is lost. The thread is interrupted too. */
    boolean isCancelled();

    /**
     * Stores one chunk of a streaming answer and returns when others can read it. Elements are what Jackson writes.
     *
     * @return the chunk's index in this attempt, from 0
     * @throws InterruptedException if the attempt is cancelled meanwhile
     */
    int emit(@Nullable Object chunk) throws InterruptedException;
}
