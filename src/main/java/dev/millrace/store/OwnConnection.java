package dev.millrace.store;

import dev.millrace.thread.Threads;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One connection kept for one purpose, so that a pool emptied by others, or a network that swallows packets, cannot hold
 * it up for longer than a bound. Opened when needed, thrown away after any error. Confined to one thread, but for
 * {@link #breakOff}.
 */
final class OwnConnection implements AutoCloseable {
    private static final Executor CALLING_THREAD = Runnable::run;

    private final Source source;
    private final Duration bound;
    private volatile @Nullable Connection connection;
    private volatile boolean broken; // from outside: the connection there is, if any, is of no use

    /** @param bound how long opening, and any answer, may take */
    OwnConnection(Source source, Duration bound) {
        this.source = source;
        this.bound = bound;
    }

    /** Where connections come from; if from a pool, the one kept is lost to others. */
    @FunctionalInterface
    interface Source {
        Connection open() throws SQLException;
    }

    /** Work with a connection in autocommit. */
    @FunctionalInterface
    interface Work<R> {
        R on(Connection connection) throws SQLException;
    }

    /** Whether a connection is kept, which may be lost all the same. */
    boolean isOpen() {
        return connection != null && !broken;
    }

    /** Does the work once. */
    <R> R once(Work<R> work) throws SQLException {
        if (broken) {
            close();
        }
        Connection current = connection;
        if (current == null) {
            current = open();
            connection = current;
        }
        try {
            return work.on(current);
        } catch (SQLException e) {
            breakOff();
            close();
            throw e;
        }
    }

    /** Opens on a thread of its own: a pool's wait, or a connect to nowhere, would outlast the bound. */
    private Connection open() throws SQLException {
        CompletableFuture<Connection> opened = new CompletableFuture<>();
        Thread opener = Threads.startVirtual("millrace-connect", () -> {
            try {
                Connection fresh = source.open();
                if (!opened.complete(fresh)) {
                    fresh.close(); // nobody waits for it any more
                }
            } catch (Throwable e) {
                opened.completeExceptionally(e);
            }
        });
        try {
            Connection fresh = opened.get(bound.toNanos(), TimeUnit.NANOSECONDS);
            fresh.setAutoCommit(true);
            fresh.setNetworkTimeout(CALLING_THREAD, Math.toIntExact(bound.toMillis()));
            return fresh;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof SQLException cause
                    ? cause
                    : new SQLTransientConnectionException("no connection: " + e.getCause(), e.getCause());
        } catch (TimeoutException | InterruptedException e) {
            if (opened.completeExceptionally(e)) {
                opener.interrupt(); // closes its socket, or ends its wait for the pool
            } else {
                opened.join().close();
            }
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            throw new SQLTransientConnectionException("no connection within " + bound, e);
        }
    }

    /** Breaks the connection: whoever waits for an answer on it gets an error, the next a fresh one. From any thread. */
    void breakOff() {
        Connection current = connection;
        if (current != null) {
            broken = true;
            Lending.abort(current);
        }
    }

    @Override
    public void close() {
        Connection current = connection;
        connection = null;
        broken = false;
        if (current != null) {
            try {
                current.close();
            } catch (SQLException e) {
                return; // it is being thrown away because it is broken, or because all ends
            }
        }
    }
}
