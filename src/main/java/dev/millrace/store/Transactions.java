package dev.millrace.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Begins and ends transactions, on connections in autocommit or not, and leaves nothing of them in the session: an isolation
 * level is asked for inside the transaction, since a proxy may put the next one on another server connection.
 */
final class Transactions {
    private Transactions() {}

    /**
     * Does the work in a transaction of its own, which is rolled back if the work throws.
     *
     * @param begin the statement that begins one of a certain kind; null for the default
     */
    static <R> R run(Connection connection, @Nullable String begin, Supplier<R> work) {
        boolean autoCommit = isAutoCommit(connection);
        boolean done = false;
        try {
            if (begin != null) {
                setAutoCommit(connection, true); // else the driver begins one of its own, and may set a savepoint in it
                execute(connection, begin);
            }
            setAutoCommit(connection, false);
            R result = work.get();
            commit(connection);
            done = true;
            return result;
        } finally {
            end(connection, done, autoCommit);
        }
    }

    /** Does the work between that statement and a commit, on a connection in autocommit that is thrown away if this throws. */
    static <R> R bracketed(Connection connection, String begin, OwnConnection.Work<R> work) throws SQLException {
        try (Statement bracket = connection.createStatement()) {
            bracket.execute(begin);
            R answer = work.on(connection);
            bracket.execute("commit");
            return answer;
        }
    }

    private static boolean isAutoCommit(Connection connection) {
        try {
            return connection.getAutoCommit();
        } catch (SQLException e) {
            throw SqlErrors.unchecked("cannot read the connection's mode", e);
        }
    }

    private static void setAutoCommit(Connection connection, boolean on) {
        try {
            connection.setAutoCommit(on);
        } catch (SQLException e) {
            throw SqlErrors.noTransaction(e);
        }
    }

    private static void execute(Connection connection, String begin) {
        try (Statement statement = connection.createStatement()) {
            statement.execute(begin);
        } catch (SQLException e) {
            throw new StatementFailed(e);
        }
    }

    private static void commit(Connection connection) {
        try {
            connection.commit();
        } catch (SQLException e) {
            throw SqlErrors.unchecked("it is not known whether the transaction was committed", e);
        }
    }

    private static void end(Connection connection, boolean committed, boolean autoCommit) {
        try {
            if (!committed && !connection.getAutoCommit()) {
                connection.rollback();
            }
            connection.setAutoCommit(autoCommit);
        } catch (SQLException e) {
            if (committed) {
                return; // it broke after the work was done; whoever borrows it next finds out
            }
            // The connection is lost, and with it the transaction. The work's own error says why.
        }
    }
}
