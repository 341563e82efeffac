package dev.millrace.work;

import java.sql.Connection;
import org.jspecify.annotations.Nullable;

/**
 * What a handler does in the transaction that settles its event: see {@link Run#transaction}.
 *
 * @param <R> the response
 */
@FunctionalInterface
public interface TransactionWork<R extends @Nullable Object> {
    /**
     * Does the work on that connection, which is Millrace's: it is not committed, rolled back or closed here.
     *
     * @return what the event's response shall be, as Jackson writes it
     * @throws Exception to roll everything back; it is passed on to the handler
     */
    R on(Connection connection) throws Exception;
}
