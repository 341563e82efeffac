package dev.millrace.store;

import dev.millrace.event.ConnectionException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the database's error codes mean here (PostgreSQL's appendix A). */
public final class SqlErrors {
    private static final String UNIQUE_VIOLATION = "23505";

    /** Beside class 08 (connection): what passes by itself or on another server. */
    private static final Set<String> TRANSIENT = Set.of(
            "57P01", // admin_shutdown
            "57P02", // crash_shutdown
            "57P03", // cannot_connect_now
            "53300", // too_many_connections
            "25006", // read_only_sql_transaction: a standby answered
            "40001", // serialization_failure
            "40P01", // deadlock_detected
            "55P03", // lock_not_available
            "57014", // query_canceled: a statement timeout
            "25P03" // idle_in_transaction_session_timeout
            );

    private SqlErrors() {}

    /** A checked error as one of ours, for work that does not go through JDBI. */
    static ConnectionException unchecked(String what, SQLException error) {
        return new ConnectionException(what + ": " + reason(error), error);
    }

    /** Whether the same work may succeed when it is simply done again, perhaps on another connection. */
    public static boolean isTransient(Throwable error) {
        return find(error)
                .map(sql -> {
                    String state = sql.getSQLState();
                    return sql instanceof SQLTransientConnectionException
                            || (state != null && (state.startsWith("08") || TRANSIENT.contains(state)));
                })
                .orElse(false);
    }

    /** Whether a row with the key of one of these constraints exists already. */
    static boolean isDuplicate(Throwable error, Set<String> constraints) {
        return find(error)
                .filter(sql -> UNIQUE_VIOLATION.equals(sql.getSQLState()))
                .map(sql -> sql instanceof PSQLException psql
                        && psql.getServerErrorMessage() != null
                        && constraints.contains(constraintOf(psql)))
                .orElse(false);
    }

    /** Whether the data itself was refused: class 22 (data exception), a check, or a null where none may be. */
    static boolean isRefusedData(Throwable error) {
        return find(error)
                .map(SQLException::getSQLState)
                .filter(state -> state.startsWith("22") || state.equals("23514") || state.equals("23502"))
                .isPresent();
    }

    /** The server's detail line, such as {@code Key (id)=(…) already exists.} */
    static Optional<String> detail(Throwable error) {
        return find(error).flatMap(sql -> {
            ServerErrorMessage message = sql instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
            return Optional.ofNullable(message == null ? null : message.getDetail());
        });
    }

    /** The database's own words and code, for a message. */
    public static String reason(Throwable error) {
        return find(error)
                .map(sql -> sql.getMessage() + " [" + sql.getSQLState() + "]")
                .orElse(String.valueOf(error));
    }

    static ConnectionException unreachable(Throwable error, Duration patience) {
        return new ConnectionException(
                "the database did not answer for %s; last: %s. Nothing is lost: repeat the call"
                        .formatted(patience, reason(error)),
                error);
    }

    private static String constraintOf(PSQLException error) {
        ServerErrorMessage message = error.getServerErrorMessage();
        String constraint = message == null ? null : message.getConstraint();
        return constraint == null ? "" : constraint;
    }

    /** The nearest {@link SQLException} among the causes. */
    static Optional<SQLException> find(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                return Optional.of(sql);
            }
        }
        return Optional.empty();
    }
}
