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
    private final BorrowCheck check;
    private final Sessions sessions;
    private final Map<Connection, Integer> lent = new ConcurrentHashMap<>(); // with the bound it had before

    Lending(DataSource dataSource) {
        this.dataSource = dataSource;
        this.check = new BorrowCheck(dataSource);
        this.sessions = Sessions.of(dataSource);
    }

    /** What says whether a connection may be used. */
    BorrowCheck check() {
        return check;
    }

    /** The server's sessions behind the connections. */
    Sessions sessions() {
        return sessions;
    }

    /** Connections whose answers take at most so long. */
    ConnectionFactory within(Duration bound) {
        int millis = Math.toIntExact(bound.toMillis());
        return new ConnectionFactory() {
            @Override
            public Connection openConnection() {
                return lend(millis);
            }

            @Override
            public void closeConnection(Connection connection) {
                takeBack(connection);
            }
        };
    }

    /** A connection whose answers may take as long as they do. */
    Connection lend() {
        return lend(0);
    }

    /**
     * A connection whose answers take at most so many milliseconds.
     *
     * @throws NoConnection if none could be had
     * @throws dev.millrace.event.ConfigurationException if it belongs to somebody else's transaction
     */
    Connection lend(int millis) {
        try {
            return idle(dataSource.getConnection(), millis);
        } catch (SQLException e) {
            throw new NoConnection(e);
        }
    }

    private Connection idle(Connection connection, int millis) throws SQLException {
        boolean accepted = false;
        try {
            check.requireIdle(connection);
            greetOnce(connection);
            int before = connection.getNetworkTimeout();
            connection.setNetworkTimeout(CALLING_THREAD, millis);
            lent.put(connection, before);
            accepted = true;
            return connection;
        } finally {
            if (!accepted) {
                connection.close(); // which is all that is done to it
            }
        }
    }

    /** A session that must not be used is one that the pool must not lend again. */
    private void greetOnce(Connection connection) throws SQLException {
        try {
            sessions.greetOnce(connection);
        } catch (SQLException e) {
            abort(connection);
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
