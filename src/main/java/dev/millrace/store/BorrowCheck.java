package dev.millrace.store;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/**
 * Recognises a connection whose transaction somebody else has begun. Data sources that bind a connection to a thread lend such
 * connections. Millrace must not commit such a transaction, roll it back, or change its connection. Asks the driver and sends
 * nothing. Thread-safe.
 */
final class BorrowCheck {
    private static final Executor CALLING_THREAD = Runnable::run;

    /** What the driver answers to a change of a property that cannot be changed within a transaction. */
    private static final String ACTIVE_TRANSACTION = "25001";

    /** A timeout, in milliseconds, that nobody sets: by it a connection is known again through any proxy. */
    private static final int MARK = 1_740_127_003;

    /** Data sources that exist to lend the connection of the current transaction. */
    private static final List<String> JOINING =
            List.of("org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy");

    private static final String REMEDY =
            "Give Millrace the pool itself; to append in a transaction of your own, use append(connection, …)";

    private final DataSource dataSource;
    private volatile Mode mode = Mode.UNKNOWN;

    /** The mode in which the data source lends connections that belong to nobody. */
    private enum Mode {
        UNKNOWN,
        AUTOCOMMIT,
        TRANSACTION
    }

    BorrowCheck(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Refuses a data source that is known to lend connections of transactions that others have begun.
     *
     * @throws ConfigurationException naming what to give instead
     */
    void requirePool() {
        for (String name : JOINING) {
            if (isOrWraps(name)) {
                throw new ConfigurationException(
                        "the data source joins transactions of the application: it is or wraps a %s, and Millrace would commit or roll back what is not its own. %s"
                                .formatted(name.substring(name.lastIndexOf('.') + 1), REMEDY));
            }
        }
    }

    private boolean isOrWraps(String name) {
        try {
            Class<?> type = Class.forName(name, false, dataSource.getClass().getClassLoader());
            return type.isInstance(dataSource) || dataSource.isWrapperFor(type);
        } catch (ClassNotFoundException | LinkageError | SQLException e) {
            return false; // then every connection is looked at, when it is borrowed
        }
    }

    /**
     * Refuses a connection of somebody else's transaction, to which nothing was done.
     *
     * @throws ConfigurationException naming what to give instead
     */
    void requireIdle(Connection connection) throws SQLException {
        requireNoTransaction(connection);
        if (connection.getAutoCommit()) {
            if (mode != Mode.AUTOCOMMIT) {
                mode = Mode.AUTOCOMMIT;
            }
        } else if (mode != Mode.TRANSACTION && !(dataSource instanceof HikariDataSource)) {
            requireUnshared(connection);
        }
    }

    /** As {@link #requireIdle}, for a connection that no thread can have a transaction on that has sent nothing yet. */
    static void requireNoTransaction(Connection connection) throws SQLException {
        if (isInTransaction(connection)) {
            throw refusal("is in the middle of a transaction");
        }
    }

    /** Within a transaction that has sent nothing yet, a connection looks as one of a pool without autocommit does. */
    private void requireUnshared(Connection connection) throws SQLException {
        if (isLentTwice(connection)) {
            throw refusal("belongs to a transaction that has begun");
        }
        if (mode == Mode.UNKNOWN) {
            mode = Mode.TRANSACTION;
        }
    }

    private boolean isLentTwice(Connection connection) throws SQLException {
        int before = connection.getNetworkTimeout();
        connection.setNetworkTimeout(CALLING_THREAD, MARK);
        try (Connection other = dataSource.getConnection()) {
            return other.getNetworkTimeout() == MARK;
        } catch (SQLException e) {
            return false; // a transaction's own connection would have been there
        } finally {
            connection.setNetworkTimeout(CALLING_THREAD, before);
        }
    }

    private static boolean isInTransaction(Connection connection) throws SQLException {
        BaseConnection driver = driver(connection);
        if (driver != null) {
            return driver.getTransactionState() != TransactionState.IDLE;
        }
        try {
            connection.setReadOnly(
                    connection.isReadOnly()); // the driver changes nothing, and refuses within a transaction
            return false;
        } catch (SQLException e) {
            return ACTIVE_TRANSACTION.equals(e.getSQLState());
        }
    }

    private static @Nullable BaseConnection driver(Connection connection) {
        try {
            return connection.isWrapperFor(BaseConnection.class) ? connection.unwrap(BaseConnection.class) : null;
        } catch (SQLException e) {
            return null; // it does not say
        }
    }

    private static ConfigurationException refusal(String how) {
        return new ConfigurationException(
                "the data source lent a connection that %s, which is not Millrace's to end: nothing was done. %s"
                        .formatted(how, REMEDY));
    }
}
