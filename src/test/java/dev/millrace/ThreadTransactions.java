package dev.millrace;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A data source as frameworks have them: between {@link #begin} and {@link #commit} or {@link #rollback} each connection that a thread
 * takes is a proxy of the same one, whose close does nothing to the transaction. Confined to one thread.
 */
final class ThreadTransactions implements AutoCloseable {
    private final DataSource real;
    private final boolean unwraps;
    private @Nullable Connection current;

    /** @param unwraps whether a proxy gives away the driver's own connection */
    ThreadTransactions(DataSource real, boolean unwraps) {
        this.real = real;
        this.unwraps = unwraps;
    }

    void begin() throws SQLException {
        Connection begun = real.getConnection();
        begun.setAutoCommit(false);
        current = begun;
    }

    void commit() throws SQLException {
        try (Connection ended = taken()) {
            ended.commit();
            ended.setAutoCommit(true);
        }
    }

    void rollback() throws SQLException {
        try (Connection ended = taken()) {
            ended.rollback();
            ended.setAutoCommit(true);
        }
    }

    private Connection taken() throws SQLException {
        Connection taken = current;
        if (taken == null) {
            throw new SQLException("no transaction");
        }
        current = null;
        return taken;
    }

    /** A connection of the transaction, or, while there is none, one of its own in autocommit. */
    Connection getConnection() throws SQLException {
        Connection shared = current;
        return proxy(shared == null ? real.getConnection() : shared, shared != null);
    }

    private Connection proxy(Connection target, boolean shared) {
        boolean[] closed = {false};
        InvocationHandler handler = (self, method, arguments) -> {
            switch (method.getName()) {
                case "close" -> {
                    closed[0] = true;
                    if (!shared) {
                        target.close();
                    }
                    return null;
                }
                case "isClosed" -> {
                    return closed[0];
                }
                case "isWrapperFor", "unwrap" -> {
                    if (!unwraps && method.getName().equals("isWrapperFor")) {
                        return false;
                    } else if (!unwraps) {
                        throw new SQLException("not a wrapper");
                    }
                }
                default -> {
                    if (closed[0]) {
                        throw new SQLException("the connection is closed");
                    }
                }
            }
            try {
                return method.invoke(target, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return (Connection) Proxy.newProxyInstance(
                ThreadTransactions.class.getClassLoader(), new Class<?>[] {Connection.class}, handler);
    }

    /** Rolls back what was left open. */
    @Override
    public void close() throws SQLException {
        if (current != null) {
            rollback();
        }
    }
}
