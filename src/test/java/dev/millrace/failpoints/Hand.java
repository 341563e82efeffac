package dev.millrace.failpoints;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * One connection and the thread that uses it, so that a handler which is interrupted does not lose it. Thread-safe; opens
 * when it is first needed.
 */
final class Hand implements AutoCloseable {
    private final String url;
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
    private @Nullable Connection connection; // confined to the thread

    Hand(String url) {
        this.url = url;
    }

    /** Something to do. */
    @FunctionalInterface
    interface Work<R> {
        R on(Connection connection) throws SQLException;
    }

    /** Does it and waits for its end. */
    <R> R does(Work<R> work) throws SQLException {
        try {
            return CompletableFuture.supplyAsync(() -> perform(work), thread).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Failure failure) {
                throw new SQLException(failure.getMessage(), failure.getCause());
            }
            throw e;
        }
    }

    private static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failure(SQLException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private <R> R perform(Work<R> work) {
        try {
            Connection current = connection;
            if (current == null) {
                current = DriverManager.getConnection(url);
                connection = current;
            }
            return work.on(current);
        } catch (SQLException e) {
            throw new Failure(e);
        }
    }

    @Override
    public void close() throws SQLException {
        does(open -> {
            open.close();
            return open.isClosed();
        });
        thread.shutdown();
    }
}
