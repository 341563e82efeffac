package dev.millrace.store;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Connections to where a pool's lead, beside that pool: what jobs do with the pool does not matter to them. Works for
 * Hikari pools that were given a PostgreSQL URL or a data source; of any other pool it takes a connection.
 */
final class DirectConnections implements OwnConnection.Source {
    private final DataSource pool;
    private final Sessions sessions;
    private final String boundSeconds;
    private final boolean prompt;

    /**
     * Opens none yet.
     *
     * @param sessions those of the pool
     * @param bound how long the driver may try; in whole seconds, at least one
     * @param prompt whether they listen, and should hear at once
     */
    DirectConnections(DataSource pool, Sessions sessions, Duration bound, boolean prompt) {
        this.pool = pool;
        this.sessions = sessions;
        this.boundSeconds = Long.toString(Math.max(1, bound.toSeconds()));
        this.prompt = prompt;
    }

    @Override
    public Connection open() throws SQLException {
        HikariDataSource hikari = hikari(pool);
        Sessions.Opening beside = hikari == null ? null : beside(hikari);
        if (hikari == null || beside == null) {
            return taken();
        }
        Connection connection = sessions.open(beside);
        String first = hikari.getConnectionInitSql();
        if (first != null) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(first);
            } catch (SQLException e) {
                connection.close();
                throw e;
            }
        }
        return connection;
    }

    private Connection taken() throws SQLException {
        Connection connection = pool.getConnection();
        boolean accepted = false;
        try {
            BorrowCheck.requireNoTransaction(connection);
            sessions.greetOnce(connection);
            accepted = true;
            return connection;
        } finally {
            if (!accepted) {
                connection.close();
            }
        }
    }

    /** The Hikari pool that a data source is or wraps; null if it is another. */
    static @Nullable HikariDataSource hikari(DataSource pool) throws SQLException {
        if (pool instanceof HikariDataSource hikari) {
            return hikari;
        }
        return pool.isWrapperFor(HikariDataSource.class) ? pool.unwrap(HikariDataSource.class) : null;
    }

    /** User and password are asked for anew each time: they may have been changed in the pool. */
    private Sessions.@Nullable Opening beside(HikariDataSource hikari) {
        String user = hikari.getUsername();
        DataSource given = hikari.getDataSource();
        if (given instanceof Dialing dialing) {
            return () -> connect(dialing.url(), dialing.properties());
        }
        if (given != null) {
            return () -> user == null ? given.getConnection() : given.getConnection(user, hikari.getPassword());
        }
        String url = hikari.getJdbcUrl();
        if (url == null || !url.startsWith("jdbc:postgresql:")) {
            return null;
        }
        Properties properties = new Properties();
        properties.putAll(hikari.getDataSourceProperties());
        if (user != null) {
            properties.setProperty("user", user);
        }
        if (hikari.getPassword() != null) {
            properties.setProperty("password", hikari.getPassword());
        }
        return () -> connect(url, properties);
    }

    private Connection connect(String url, Properties given) throws SQLException {
        Properties properties = new Properties();
        properties.putAll(given);
        properties.setProperty("connectTimeout", boundSeconds);
        properties.setProperty("loginTimeout", boundSeconds);
        if (prompt) { // unless the pool has sockets of its own, from here or in the URL
            properties.putIfAbsent("socketFactory", PromptSockets.class.getName());
        }
        return DriverManager.getConnection(url, properties);
    }
}
