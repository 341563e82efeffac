package dev.millrace.work;

import dev.millrace.event.Event;
import java.time.Duration;
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

    /**
     * Which claim of the event this is, from 1. Grows with every claim, also with those that were denied, snoozed or lost: it
     * numbers the event's history and fences its settlement. What a {@link RetryPolicy} counts is {@link #failures}.
     */
    default int attempt() {
        return event().execution().attempt();
    }

    /** How often the event has failed before, from 0: what its {@link RetryPolicy} counts. Snoozes, denials and deaths are none. */
    int failures();

    /**
     * Whether the event would be failed for good if this attempt ended with a retryable error: asks the executor's
     * {@link RetryPolicy}. Without one every attempt is the last.
     */
    boolean isLastAttempt();

    /**
     * Ends the handler: this attempt has failed, and the event runs again after that pause, in place of the retry policy's. How
     * often is the policy's to say: if it allows no further run the event is failed. Pauses over ten years are cut.
     *
     * <p>This and the four below never return. {@code throw run.fail(…)} tells the compiler so. They are called on the
     * handler's own thread, once, and only while the event is not settled; then what they say counts, even if the handler
     * catches what they throw and goes on. If the event was timed out or cancelled meanwhile, they only end the handler.
     *
     * @throws IllegalStateException on another thread, after another of the five, or after {@link #transaction} has committed
     * @throws IllegalArgumentException if the pause is negative
     */
    RuntimeException retryIn(Duration pause);

    /**
     * Ends the handler: not yet, the event runs again after that pause. No failure, so it uses up nothing of the retry policy.
     * Otherwise as {@link #retryIn}.
     *
     * @throws IllegalArgumentException if the pause is not positive
     */
    RuntimeException snooze(Duration pause);

    /** Ends the handler: the event is failed for that reason, and not retried whatever the policy. See {@link #retryIn}. */
    RuntimeException fail(String reason);

    /** Ends the handler: the event is skipped for that reason. See {@link #retryIn}. */
    RuntimeException skip(String reason);

    /** Ends the handler: the event is cancelled for that reason. See {@link #retryIn}. */
    RuntimeException cancel(String reason);

    /** Whether the answer no longer counts: timed out, cancelled, or the lease is lost. The thread is interrupted too. */
    boolean isCancelled();

    /** As {@link #progress(double, String)}, without a message. */
    default void progress(double fraction) {
        progress(fraction, null);
    }

    /**
     * Says how far the handler is, for {@code executor.progress(id)} in any process. Only the latest word counts: it is stored in
     * the background, at most four times a second for each event, and the last one before the event settles or goes back.
     * Never waits and never fails for the database; does nothing once the event has ended or is another worker's. May be
     * called on any thread.
     *
     * @param fraction of the work that is done, 0 to 1; it may go down
     * @param message what to say beside; null for nothing; more than 1,000 bytes are cut
     * @throws IllegalArgumentException if the fraction is not 0 to 1
     */
    void progress(double fraction, @Nullable String message);

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
