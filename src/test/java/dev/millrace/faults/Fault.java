package dev.millrace.faults;

import java.sql.Connection;
import java.sql.SQLException;
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
            throw new PSQLException(
                    "An I/O error occurred while sending to the backend.", PSQLState.CONNECTION_FAILURE);
        };
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
