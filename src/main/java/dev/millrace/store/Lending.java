package dev.millrace.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;

/**
 * Lends a pool's connections so that no answer is waited for longer than a bound, and can break off all that are out. A
 * network that swallows packets would else keep a thread for as long as the operating system tries. Thread-safe.
 */
final class Lending {
    private static final Executor CALLING_THREAD = Runnable::run;

    private final DataSource dataSource;
    private final Map<Connection, Integer> lent = new ConcurrentHashMap<>(); // with the bound it had before

    Lending(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Connections whose answers take at most so long. */
    ConnectionFactory within(Duration bound) {
        int millis = Math.toIntExact(bound.toMillis());
        return new ConnectionFactory() {
            @Override
            public Connection openConnection() throws SQLException {
                return lend(millis);
            }

            @Override
            public void closeConnection(Connection connection) {
                takeBack(connection);
            }
        };
    }

    /** A connection whose answers may take as long as they do. */
    Connection lend() throws SQLException {
        return lend(0);
    }

    /** A connection whose answers take at most so many milliseconds. */
    Connection lend(int millis) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            int before = connection.getNetworkTimeout();
            connection.setNetworkTimeout(CALLING_THREAD, millis);
            lent.put(connection, before);
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    /** Gives a connection back to its pool, as it was. */
    void takeBack(Connection connection) {
        Integer before = lent.remove(connection);
        try (connection) {
            if (before != null) {
                connection.setNetworkTimeout(CALLING_THREAD, before);
            }
        } catch (SQLException e) {
            return; // it is broken: the pool sees that too, and what was done on it is over
        }
    }

    /** Breaks off all connections that are out: whoever waits for an answer gets an error. */
    void breakOff() {
        lent.keySet().forEach(Lending::abort);
    }

    /** Breaks a connection, so that its pool does not lend it again. */
    static void abort(Connection connection) {
        try {
            connection.abort(CALLING_THREAD);
        } catch (SQLException e) {
            return; // broken already
        }
    }
}
