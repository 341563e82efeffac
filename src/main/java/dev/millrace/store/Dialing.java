package dev.millrace.store;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
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
 * server's return. Thread-safe.
 */
final class Dialing implements DataSource {
    private static final Duration PERSISTENCE = Duration.ofSeconds(10);
    private static final long LEAST_PAUSE_MILLIS = 100;
    private static final long MOST_PAUSE_MILLIS = 500;

    private final String url;
    private final Properties properties;
    private volatile boolean away;

    /** @param properties of the driver; the URL's own come first */
    Dialing(String url, Properties properties) {
        this.url = url;
        this.properties = properties;
    }

    @Override
    public Connection getConnection() throws SQLException {
        long giveUp = System.nanoTime() + PERSISTENCE.toNanos();
        while (true) {
            try {
                Connection connection = dialOnce(null);
                away = false;
                return connection;
            } catch (SQLException e) {
                boolean first = !away; // the pool shall hear why, to tell those who wait
                away = true;
                if (first || !SqlErrors.isTransient(e) || System.nanoTime() - giveUp >= 0) {
                    throw e;
                }
                pause();
                if (Thread.currentThread().isInterrupted()) {
                    throw e; // the pool closes
                }
            }
        }
    }

    private static void pause() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(
                ThreadLocalRandom.current().nextLong(LEAST_PAUSE_MILLIS, MOST_PAUSE_MILLIS)));
    }

    /**
     * One connection, or why not.
     *
     * @param bound how long the driver may try; in whole seconds, at least one; null for the pool's
     */
    Connection dialOnce(@Nullable Duration bound) throws SQLException {
        if (bound == null) {
            return DriverManager.getConnection(url, properties);
        }
        Properties bounded = new Properties();
        bounded.putAll(properties);
        String seconds = Long.toString(Math.max(1, bound.toSeconds()));
        bounded.setProperty("connectTimeout", seconds);
        bounded.setProperty("loginTimeout", seconds);
        return DriverManager.getConnection(url, bounded);
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

    @Override
    public int getLoginTimeout() {
        return 0;
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
