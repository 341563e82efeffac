package dev.millrace.work;

import java.util.stream.Stream;

/**
 * The application's code for events whose answer is a stream. Each element becomes a chunk that others can read while
 * the stream goes on; the event completes when it ends, with the number of chunks as its response.
 *
 * @param <T> the payload's type
 */
@FunctionalInterface
public interface StreamHandler<T> {
    /**
     * Opens the stream, which is consumed on the same virtual thread and then closed.
     *
     * @throws Exception to fail the event; chunks emitted before stay
     */
    Stream<?> stream(T payload, Run<T> run) throws Exception;
}
