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

    /**
     * Settles the event in the same transaction as the handler's own writes: both are committed, or neither is. The writes
     * thereby happen exactly once, however often the event runs. Ends the event: it is completed with what the work returns,
     * whatever the handler returns or throws after; what the work throws rolls everything back and is passed on, and then the
     * handler may try again or fail.
     *
     * <p>The work runs on the handler's thread, on a connection of Millrace's pool, and must neither end the transaction nor
     * close the connection. If the event is timed out or cancelled meanwhile, the statement under way is cancelled and the
     * thread is interrupted. An acknowledgement of the commit that was lost is made sure of.
     *
     * @return what the work returned
     * @throws dev.millrace.event.LeaseLostException if the event is no longer this worker's; nothing was written
     * @throws dev.millrace.event.ConnectionException if the commit failed and nothing was written, or if that cannot be found
     *     out; the handler may then fail, and the event ends as the database says
     * @throws InterruptedException if the event is ended in the handler's stead before the commit; nothing was written
     * @throws IllegalStateException if the event has been settled in a transaction already
     * @throws Exception what the work throws
     */
    <R extends @Nullable Object> R transaction(TransactionWork<R> work) throws Exception;
}
