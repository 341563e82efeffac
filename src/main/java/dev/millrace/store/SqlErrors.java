package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.MillraceException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.JdbiException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What the database's error codes mean here (PostgreSQL's appendix A). */
public final class SqlErrors {
    private static final String UNIQUE_VIOLATION = "23505";
    private static final String READ_ONLY = "25006";

    /**
     * What passes by itself or on another server, beside four whole classes: 08, connection; 40, rollback, as of
     * deadlocks and serialization failures; 53, resources, such as connections and disk; 58, the server's system.
     */
    private static final Set<String> TRANSIENT = Set.of(
            "57P01", // admin_shutdown
            "57P02", // crash_shutdown
            "57P03", // cannot_connect_now
            "57P05", // idle_session_timeout
            READ_ONLY, // read_only_sql_transaction: a standby answered
            "25P03", // idle_in_transaction_session_timeout
            "25P04", // transaction_timeout
            "55P03", // lock_not_available
            "57014" // query_canceled: a statement timeout
            );

    private static final Set<String> TRANSIENT_CLASSES = Set.of("08", "40", "53", "58");

    /** Being let in is refused for a reason that waiting does not mend: 08004, class 28 (authorization), 3D (no database). */
    private static final Set<String> REJECTION_CLASSES = Set.of("28", "3D");

    private static final String REJECTED = "08004";

    /** A prepared statement is there although it is new, or gone although it was made: other sessions use the connection. */
    private static final Set<String> FOREIGN_SESSION = Set.of("42P05", "26000");

    private SqlErrors() {}

    /** A checked error as one of ours, for work that does not go through JDBI. */
    static ConnectionException unchecked(String what, SQLException error) {
        return new ConnectionException(what + ": " + reason(error), error);
    }

    /** Whether the same work may succeed when it is simply done again, perhaps on another connection. */
    public static boolean isTransient(Throwable error) {
        return find(error)
                .map(sql -> {
                    String state = stateOf(sql);
                    boolean rejected = state.equals(REJECTED) || REJECTION_CLASSES.contains(classOf(state));
                    return !rejected
                            && (sql instanceof SQLTransientConnectionException
                                    || TRANSIENT_CLASSES.contains(classOf(state))
                                    || TRANSIENT.contains(state));
                })
                .orElse(false);
    }

    /** Whether a server answered that only reads: a standby, or a primary that was demoted. */
    static boolean isReadOnly(Throwable error) {
        return find(error).filter(sql -> READ_ONLY.equals(sql.getSQLState())).isPresent();
    }

    /** Whether the role may not do it. */
    static boolean isNotAllowed(Throwable error) {
        return find(error).filter(sql -> "42501".equals(sql.getSQLState())).isPresent();
    }

    /** Whether the driver or the server raised it, and not the program on its way there. */
    public static boolean isFromDatabase(Throwable error) {
        return find(error).isPresent();
    }

    /** Whether the statement may have been done all the same: its connection went before the answer came. */
    static boolean isUnanswered(Throwable error) {
        return find(error)
                .map(SqlErrors::stateOf)
                .filter(state -> state.isEmpty() || classOf(state).equals("08") || state.startsWith("57P"))
                .isPresent();
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

    /**
     * Whether the data itself was refused: class 22 (data exception), 54 (a limit of the server), a check, or a null where
     * none may be.
     */
    public static boolean isRefusedData(Throwable error) {
        return find(error).filter(SqlErrors::isRefusedData).isPresent();
    }

    private static boolean isRefusedData(SQLException error) {
        String state = stateOf(error);
        return classOf(state).equals("22")
                || classOf(state).equals("54")
                || state.equals("23514")
                || state.equals("23502");
    }

    /**
     * An error of the database as one of ours, with the database's error as its cause. Neither repeats the statement or
     * what was bound to it: a payload must not end up in a log.
     */
    static RuntimeException translated(RuntimeException error) {
        SQLException sql = find(error).orElse(null);
        if (sql == null || !(error instanceof JdbiException)) {
            return error;
        }
        String reason = reason(error);
        Throwable cause = isRefusedData(sql) ? withoutData(sql) : sql;
        if (isTransient(error)) {
            return new ConnectionException("the database could not be used: " + reason, cause);
        }
        String state = stateOf(sql);
        if (FOREIGN_SESSION.contains(state)) {
            return new ConfigurationException(
                    ("a prepared statement met another session's: %s. Through a proxy that pools transactions, such as"
                                    + " PgBouncer, add prepareThreshold=0 to the JDBC URL")
                            .formatted(reason),
                    cause);
        }
        boolean setUpWrongly = state.equals(REJECTED)
                || REJECTION_CLASSES.contains(classOf(state))
                || classOf(state).equals("42")
                || classOf(state).equals("3F");
        return setUpWrongly
                ? new ConfigurationException(
                        "the database is not set up for this: %s; look at the role's rights and the schema's version"
                                .formatted(reason),
                        cause)
                : new MillraceException("the database refused a statement: " + reason, cause, true);
    }

    /** Refused rows stand in the server's detail line. */
    private static SQLException withoutData(SQLException error) {
        SQLException bare = new SQLException(messageOf(error), error.getSQLState());
        bare.setStackTrace(error.getStackTrace());
        return bare;
    }

    /** The server's detail line, such as {@code Key (id)=(…) already exists.} */
    static Optional<String> detail(Throwable error) {
        return find(error).flatMap(sql -> {
            ServerErrorMessage message = sql instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
            return Optional.ofNullable(message == null ? null : message.getDetail());
        });
    }

    /** The database's own words and code, for a message; without details, which may quote what was to be stored. */
    public static String reason(Throwable error) {
        SQLException last = null; // a pool's error carries the database's
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                last = sql;
            }
        }
        return last == null ? String.valueOf(error) : messageOf(last) + " [" + last.getSQLState() + "]";
    }

    static String messageOf(SQLException error) {
        ServerErrorMessage server = error instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
        String message = server == null ? null : server.getMessage();
        return String.valueOf(message == null ? error.getMessage() : message);
    }

    private static String stateOf(SQLException error) {
        String state = error.getSQLState();
        return state == null ? "" : state;
    }

    private static String classOf(String state) {
        return state.length() < 2 ? "" : state.substring(0, 2);
    }

    static ConnectionException unreachable(Throwable error, Duration patience) {
        return new ConnectionException(
                "the database did not answer for %s; last: %s".formatted(patience, reason(error)),
                find(error).<Throwable>map(sql -> sql).orElse(error));
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
