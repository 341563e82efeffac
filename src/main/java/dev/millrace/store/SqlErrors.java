package dev.millrace.store;

import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.MillraceException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.JdbiException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** What errors of the database mean here, and how they are told: see {@link SqlFault}. */
public final class SqlErrors {
    private static final String UNIQUE_VIOLATION = "23505";

    private SqlErrors() {}

    /** A checked error as one of ours, for work that does not go through JDBI. */
    static ConnectionException unchecked(String what, SQLException error) {
        return new ConnectionException(what + ": " + reason(error), error);
    }

    /** A connection that lets nobody begin a transaction belongs to a transaction manager; unless it is broken. */
    static RuntimeException noTransaction(SQLException error) {
        return isTransient(error)
                ? unchecked("cannot begin a transaction", error)
                : new ConfigurationException(
                        ("the connection does not let Millrace begin a transaction: %s; it seems to belong to a transaction"
                                        + " manager: give Millrace the pool itself, and use append(connection, …) to join a transaction")
                                .formatted(reason(error)),
                        error);
    }

    /** Whether the same work may succeed when it is simply done again, perhaps on another connection. */
    public static boolean isTransient(Throwable error) {
        return find(error).isPresent()
                && switch (faultOf(error).kind()) {
                    case AGAIN -> true;
                    case SET_UP -> false;
                    case REFUSED -> find(error).get() instanceof SQLTransientConnectionException;
                };
    }

    /** Whether a server answered that only reads: a standby, or a primary that was demoted. */
    static boolean isReadOnly(Throwable error) {
        return find(error).isPresent() && faultOf(error) == SqlFault.READ_ONLY;
    }

    /** Whether no connection could be had, so that nothing can have been sent. */
    public static boolean isUnsent(Throwable error) {
        return hasCause(error, NoConnection.class);
    }

    /** Whether it is the thread's interrupt that ended a wait for a connection. */
    static boolean isInterrupted(Throwable error) {
        return find(error).isPresent() && hasCause(error, InterruptedException.class);
    }

    /** Whether the server did not answer in time: it may still be at work, and its session with it. */
    public static boolean isTimeout(Throwable error) {
        return hasCause(error, SocketTimeoutException.class)
                || find(error)
                        .filter(sql -> Sessions.ALL_HELD.equals(sql.getSQLState()))
                        .isPresent();
    }

    private static boolean hasCause(Throwable error, Class<? extends Throwable> type) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return true;
            }
        }
        return false;
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
        return !isUnsent(error)
                && find(error)
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

    /** Whether a row with such a key exists already. */
    public static boolean isDuplicate(Throwable error) {
        return find(error)
                .filter(sql -> UNIQUE_VIOLATION.equals(sql.getSQLState()))
                .isPresent();
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
        return translated(error, "");
    }

    /** As {@link #translated}, where the statement was one of the caller's own transaction, which has ended with the error. */
    static RuntimeException inCallersTransaction(RuntimeException error) {
        return translated(
                error,
                "; roll back and repeat the transaction as a whole: Millrace repeats nothing in a transaction of the caller's");
    }

    private static RuntimeException translated(RuntimeException error, String inTransaction) {
        SQLException sql = find(error).orElse(null);
        if (sql == null || !(error instanceof JdbiException)) {
            return error;
        }
        if (isInterrupted(error)) {
            return interrupted(error, false);
        }
        Throwable cause = error instanceof NoConnection ? error : isRefusedData(sql) ? withoutData(sql) : sql;
        SqlFault fault = faultOf(error);
        String told = "%s: %s; %s".formatted(fault.what(), reason(error), fault.remedy());
        if (isTransient(error)) {
            return new ConnectionException(told + inTransaction, cause);
        }
        return fault.kind() == SqlFault.Kind.SET_UP
                ? new ConfigurationException(told, cause)
                : new MillraceException(told, cause, true);
    }

    /** A call that ended because its thread was interrupted; {@code sent} if something of it was sent and not answered. */
    static CallInterruptedException interrupted(Throwable error, boolean sent) {
        return new CallInterruptedException(
                "interrupted while waiting for the database; %s. Last: %s"
                        .formatted(
                                sent
                                        ? "a statement was sent and not answered, it may have been carried out"
                                        : "nothing was sent, nothing was stored",
                                reason(error)),
                sent,
                List.of(),
                error);
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
        return root(error)
                .map(sql ->
                        sql.getSQLState() == null ? messageOf(sql) : messageOf(sql) + " [" + sql.getSQLState() + "]")
                .orElse(String.valueOf(error));
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

    /** The error after a call was repeated for as long as it may be. */
    static ConnectionException exhausted(Throwable error, Duration patience) {
        SqlFault fault = faultOf(error);
        return new ConnectionException(
                "%s, tried for %s; last: %s; %s".formatted(fault.what(), patience, reason(error), fault.remedy()),
                isUnsent(error) ? error : find(error).<Throwable>map(sql -> sql).orElse(error));
    }

    /** What happened and the database's own words, for a log. */
    public static String told(Throwable error) {
        return find(error).map(sql -> faultOf(error).what() + ": ").orElse("") + reason(error);
    }

    /** The fault that the nearest error with a code shows; without one the last: a pool's error carries the database's. */
    private static SqlFault faultOf(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql && sql.getSQLState() != null) {
                return SqlFault.of(sql);
            }
        }
        return root(error).map(SqlFault::of).orElse(SqlFault.UNKNOWN);
    }

    /** The last {@link SQLException} among the causes. */
    private static Optional<SQLException> root(Throwable error) {
        SQLException last = null;
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException sql) {
                last = sql;
            }
        }
        return Optional.ofNullable(last);
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
