package dev.millrace.work;

import org.jspecify.annotations.Nullable;

/**
 * The application's code for a payload type. Runs on a virtual thread of its own; many run at once, so it must be
 * thread-safe. It may run again after a crash: see {@link Run#attempt}.
 *
 * @param <T> the payload's type
 */
@FunctionalInterface
public interface Handler<T> {
    /**
     * Does the work.
     *
     * @return what the event's response shall be, as Jackson writes it; null is a null response
     * @throws Exception to fail the event; an {@link InterruptedException} does so as any other, unless the event was
     *     ended in the handler's stead
     */
    @Nullable
    Object handle(T payload, Run<T> run) throws Exception;
}
