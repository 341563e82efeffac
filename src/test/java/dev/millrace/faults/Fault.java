package dev.millrace.faults;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;

/** What happens at a moment of a statement, on the thread that runs it. */
@FunctionalInterface
public interface Fault {
    /** Strikes; what it throws is what the caller of the statement gets. */
    void strike(Connection physical) throws SQLException;

    /** The connection is lost: what had not committed is rolled back by the server, and nobody is told what had. */
    static Fault cut() {
        return physical -> {
            physical.abort(Runnable::run);
            throw lost();
        };
    }

    private static PSQLException lost() {
        return new PSQLException("An I/O error occurred while sending to the backend.", PSQLState.CONNECTION_FAILURE);
    }

    /** Whether the connection is the fault's from now on: what the caller does with it does nothing. */
    default boolean takesTheConnection() {
        return false;
    }

    /**
     * The connection is lost for the client, while the server goes on and commits a little later. To strike before the
     * commit.
     */
    static Fault cutAndCommitAfter(Duration time) {
        return new Fault() {
            @Override
            public void strike(Connection physical) throws SQLException {
                CompletableFuture.delayedExecutor(time.toMillis(), TimeUnit.MILLISECONDS)
                        .execute(() -> commitAndClose(physical));
                throw lost();
            }

            @Override
            public boolean takesTheConnection() {
                return true;
            }
        };
    }

    private static void commitAndClose(Connection physical) {
        try (physical) {
            physical.commit();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The server refuses with that code. */
    static Fault refuse(String sqlState) {
        return physical -> {
            throw new SQLException("refused by the test", sqlState);
        };
    }

    /** The process dies, as by SIGKILL. Only for a JVM of its own. */
    static Fault halt() {
        return physical -> Runtime.getRuntime().halt(137);
    }
}
