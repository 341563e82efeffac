package dev.millrace.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands between a pool and its server: nothing, or a proxy such as PgBouncer. A proxy is known by the process that the
 * driver was told of when it connected, which is not the one that answers. How it pools cannot be asked, only tried.
 */
enum Between {
    /** Nothing, or a connection that does not say. */
    NOTHING,

    /** A proxy, and the driver does not name its statements. */
    PROXY,

    /** A proxy, and the driver prepares statements by names that it may not find again. */
    PROXY_AND_NAMED_STATEMENTS;

    private static final Logger log = LoggerFactory.getLogger(Between.class);

    static Between of(Database database) {
        return database.once(handle -> {
            int answers = handle.createQuery(database.sql("session"))
                    .mapTo(Integer.class)
                    .one();
            return driver(handle)
                    .filter(driver -> driver.getBackendPID() != answers)
                    .map(driver -> driver.getPrepareThreshold() == 0 ? PROXY : PROXY_AND_NAMED_STATEMENTS)
                    .orElse(NOTHING);
        });
    }

    private static Optional<PGConnection> driver(Handle handle) {
        try {
            return handle.getConnection().isWrapperFor(PGConnection.class)
                    ? Optional.of(handle.getConnection().unwrap(PGConnection.class))
                    : Optional.empty();
        } catch (SQLException e) {
            return Optional.empty(); // it does not say
        }
    }

    /** Warns of a setting that a proxy which pools transactions would need. */
    void check(String name) {
        if (this == PROXY_AND_NAMED_STATEMENTS) {
            log.warn(
                    "database={} is behind a proxy, and the driver prepares statements there: if the proxy pools transactions,"
                            + " they will fail when they meet another session. Add prepareThreshold=0 to the JDBC URL, unless"
                            + " it is PgBouncer 1.21 or newer with max_prepared_statements above 0",
                    name);
        }
    }

    /**
     * Whether two connections behind a proxy are lent one session, which shows that it pools transactions or statements. If
     * others use it at the same moment it may look as if it did not.
     */
    static boolean poolsTransactions(Database database) {
        try (Connection one = database.dataSource().getConnection();
                Connection other = database.dataSource().getConnection()) {
            BorrowCheck.requireNoTransaction(one);
            BorrowCheck.requireNoTransaction(other);
            int first = process(database, one);
            return process(database, other) == first || process(database, one) != first;
        } catch (SQLException e) {
            throw SqlErrors.unchecked("cannot ask which process answers", e);
        }
    }

    private static int process(Database database, Connection connection) throws SQLException {
        int process;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(database.sql("session"))) {
            row.next();
            process = row.getInt(1);
        }
        if (!connection.getAutoCommit()) {
            connection.rollback(); // until then it would keep the session
        }
        return process;
    }
}
