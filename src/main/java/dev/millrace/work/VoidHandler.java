package dev.millrace.work;

/**
 * The application's code for a payload type, where there is nothing to answer: the event's response is null. Otherwise as
 * {@link Handler}.
 *
 * @param <T> the payload's type
 */
@FunctionalInterface
public interface VoidHandler<T> {
    /**
     * Does the work.
     *
     * @throws Exception to fail the event; an {@link InterruptedException} cancels it
     */
    void handle(T payload, Run<T> run) throws Exception;
}
