package dev.millrace.store;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLNonTransientConnectionException;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Where a pool of Millrace's own gets its connections: keeps dialing for a while, two or three times a second, when the
 * server is away. Left to itself the pool would wait up to five seconds between two tries, and so as long after the
 * server's return. And left to itself the pool would forget, open, a connection that it gets once it is closed: this
 * closes it. Thread-safe.
 */
final class Dialing implements DataSource, AutoCloseable {
    /** How long a closing pool waits for a connection it is about to get; later ones are closed here. */
    private static final int CLOSING_SECONDS = 1;

    private static final Duration PERSISTENCE = Duration.ofSeconds(10);
    private static final long LEAST_PAUSE_MILLIS = 100;
    private static final long MOST_PAUSE_MILLIS = 500;

    private final String url;
    private final Properties properties;
    private final Sessions sessions;
    private volatile boolean away;
    private volatile boolean closed;

    /**
     * Dials nothing yet.
     *
     * @param properties of the driver; the URL's own come first
     * @param sessions those of the pool and beside it
     */
    Dialing(String url, Properties properties, Sessions sessions) {
        this.url = url;
        this.properties = properties;
        this.sessions = sessions;
    }

    /** The server's sessions of the pool and beside it. */
    Sessions sessions() {
        return sessions;
    }

    @Override
    public Connection getConnection() throws SQLException {
        long giveUp = System.nanoTime() + PERSISTENCE.toNanos();
        while (true) {
            try {
                Connection connection = sessions.open(() -> DriverManager.getConnection(url, properties));
                away = false;
                return unlessClosed(connection);
            } catch (SQLException e) {
                boolean first = !away; // the pool shall hear why, to tell those who wait
                away = true;
                if (closed || first || !SqlErrors.isTransient(e) || System.nanoTime() - giveUp >= 0) {
                    throw e;
                }
                pause();
                if (closed || Thread.currentThread().isInterrupted()) {
                    throw e; // the pool closes
                }
            }
        }
    }

    private Connection unlessClosed(Connection connection) throws SQLException {
        if (closed) {
            connection.close();
            throw new SQLNonTransientConnectionException("the pool of connections is closed");
        }
        return connection;
    }

    /** Says that the pool is being closed: it gets no more connections. */
    @Override
    public void close() {
        closed = true;
    }

    private static void pause() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(
                ThreadLocalRandom.current().nextLong(LEAST_PAUSE_MILLIS, MOST_PAUSE_MILLIS)));
    }

    /** Where it dials. */
    String url() {
        return url;
    }

    /** With which properties of the driver; those of the URL come first. */
    Properties properties() {
        return properties;
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        throw new SQLFeatureNotSupportedException("user and password stand in the URL");
    }

    /** The pool's wish, which it derives from how long its borrowers wait; how long a login takes is another matter. */
    @Override
    public void setLoginTimeout(int seconds) {
        // not followed: see OwnPool
    }

    /** Read by a pool that closes, as how long to wait for the connections it is getting; in seconds. */
    @Override
    public int getLoginTimeout() {
        return CLOSING_SECONDS;
    }

    @Override
    public @Nullable PrintWriter getLogWriter() {
        return null;
    }

    @Override
    public void setLogWriter(PrintWriter out) {
        // the driver has a logger
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getLogger("org.postgresql");
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("not a wrapper of " + type.getName());
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
