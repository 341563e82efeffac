package dev.millrace.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One connection kept for one purpose, so that a pool emptied by others, or a network that swallows packets, cannot hold
 * it up for longer than a bound. Opened when needed, thrown away after any error. Confined to one thread.
 */
final class OwnConnection implements AutoCloseable {
    private static final Executor CALLING_THREAD = Runnable::run;

    private final DataSource dataSource;
    private final Duration bound;
    private @Nullable Connection connection;

    /** @param bound how long any answer may take */
    OwnConnection(DataSource dataSource, Duration bound) {
        this.dataSource = dataSource;
        this.bound = bound;
    }

    /** Work with a connection in autocommit. */
    @FunctionalInterface
    interface Work<R> {
        R on(Connection connection) throws SQLException;
    }

    /** Does the work once. */
    <R> R once(Work<R> work) throws SQLException {
        Connection current = connection;
        if (current == null) {
            current = dataSource.getConnection();
            connection = current;
            current.setAutoCommit(true);
            current.setNetworkTimeout(CALLING_THREAD, Math.toIntExact(bound.toMillis()));
        }
        try {
            return work.on(current);
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    @Override
    public void close() {
        Connection current = connection;
        connection = null;
        if (current != null) {
            try {
                current.close();
            } catch (SQLException e) {
                return; // it is being thrown away because it is broken, or because all ends
            }
        }
    }
}
