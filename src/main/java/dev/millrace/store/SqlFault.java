package dev.millrace.store;

import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What can go wrong with the database, a row for each cause: how it is recognised, what follows from it, how it is told, and what
 * to do. The first row that fits is the one. Codes are PostgreSQL's (its appendix A); one of two characters is a class.
 */
@SuppressWarnings("ImmutableEnumChecker") // the conditions hold no state
enum SqlFault {
    POOL_CLOSED(
            Kind.REFUSED,
            error -> isWithoutCode(error) && saysIt(error, Words.CLOSED),
            "the pool of connections is closed",
            "close Millrace before its pool, and use neither after"),
    NO_CONNECTION_IN_TIME(
            Kind.AGAIN,
            error -> isWithoutCode(error) && saysIt(error, Words.NOT_CONNECTED),
            "no connection to the database could be made in time",
            "look whether the server at the URL's host and port answers, and at the network between"),
    POOL_EXHAUSTED(
            Kind.AGAIN,
            error -> isWithoutCode(error)
                    && (error instanceof SQLTransientConnectionException || saysIt(error, Words.TIMED_OUT)),
            "no connection of the pool came free in time, all are in use",
            "give connections back sooner, look for those that are never closed (Hikari's leakDetectionThreshold), or"
                    + " make the pool larger (Hikari's maximumPoolSize)"),
    HOST_UNKNOWN(
            Kind.AGAIN,
            error -> hasCode(error, "08001") && hasCause(error, UnknownHostException.class),
            "the database's host is not known",
            "look at the URL's host and at the name service"),
    CONNECTION_REFUSED(
            Kind.AGAIN,
            error -> hasCode(error, "08001") && hasCause(error, ConnectException.class),
            "the database refuses connections, nobody listens there",
            "look whether the server runs, and at the URL's host and port"),
    UNREACHABLE(
            Kind.AGAIN,
            "the database cannot be reached",
            "look whether the server runs, at the URL's host and port, and at the network between",
            "08001"),
    LOGIN_REJECTED(
            Kind.SET_UP,
            "the server rejects the login",
            "look at the role's rights to log in: pg_hba.conf, its way of authentication, TLS",
            "08004",
            "28000"),
    NO_ANSWER(
            Kind.AGAIN,
            error -> hasCode(error, "08006") && hasCause(error, SocketTimeoutException.class),
            "the database did not answer in time",
            "look at the server's load, at who holds locks (pg_stat_activity), and at the network between"),
    PRIMARY_REPLACED(
            Kind.AGAIN,
            "the server is a primary that another one has replaced",
            "stop the old primary, and let the URL lead to the new one; if the old one is right, start this process anew",
            Primary.REPLACED),
    SESSIONS_HELD(
            Kind.AGAIN,
            "the server is still at work on as many statements as this process may have given up",
            "look at who holds locks (pg_stat_activity), and whether a synchronous standby is away",
            Sessions.ALL_HELD),
    CONNECTION_LOST(
            Kind.AGAIN,
            "the connection to the database was lost",
            "look at the server's log, and at what may cut connections between, such as a proxy",
            "08"),
    PASSWORD_WRONG(
            Kind.SET_UP,
            "the server does not accept role and password",
            "correct them in the pool or in the URL",
            "28P01",
            "28"),
    NO_DATABASE(
            Kind.SET_UP,
            "the database does not exist, or not any more",
            "create it, or correct its name in the URL",
            "3D",
            "57P04"),
    NO_RIGHT(
            Kind.SET_UP,
            "the database is not set up for this, a right is missing",
            "look at the role's rights: a worker needs those of millrace_work, who reads those of millrace_read (docs/sql.md)",
            "42501"),
    OTHER_SCHEMA(
            Kind.SET_UP,
            "the schema lacks what this Millrace needs",
            "look at the schema's version: Millrace.migrate(dataSource) brings it up to date; and at its name",
            "42P01",
            "42703",
            "42704",
            "42883",
            "3F"),
    SESSIONS_MIXED(
            Kind.SET_UP,
            "a prepared statement met another session's",
            "through a proxy that pools transactions, such as PgBouncer, add prepareThreshold=0 to the JDBC URL",
            "42P05",
            "26000"),
    STATEMENT_NOT_UNDERSTOOD(
            Kind.SET_UP,
            "the database does not understand a statement of this Millrace",
            "look at the schema's version and at the server's: PostgreSQL 14 or newer is needed",
            "42"),
    TOO_MANY_CONNECTIONS(
            Kind.AGAIN,
            "the server has no connection left",
            "make the pools smaller, or the server's max_connections or the role's connection limit larger",
            "53300"),
    DISK_FULL(Kind.AGAIN, "the server's disk is full", "free space on the server; nothing is lost meanwhile", "53100"),
    SERVER_OUT_OF_MEMORY(
            Kind.AGAIN,
            "the server is out of memory",
            "look at the server's memory, its work_mem and its number of connections",
            "53200"),
    SHORT_OF_RESOURCES(Kind.AGAIN, "the server is short of a resource", "look at the server's log", "53"),
    SHUTTING_DOWN(
            Kind.AGAIN,
            "the server shuts down, or an administrator ended the connection",
            "look at the server's log",
            "57P01"),
    SERVER_CRASHED(Kind.AGAIN, "another session of the server crashed", "look at the server's log", "57P02"),
    STARTING_UP(
            Kind.AGAIN, "the server starts up or recovers", "wait; look at the server's log if that lasts", "57P03"),
    IDLE_SESSION_ENDED(
            Kind.AGAIN,
            "the server ended a session that was idle",
            "make the pool's idle timeout and maxLifetime shorter than the server's idle_session_timeout",
            "57P05"),
    CANCELED(
            Kind.AGAIN,
            "the server canceled the statement",
            "look at statement_timeout of role and database, and whether somebody canceled it",
            "57014"),
    LOCK_NOT_HAD(
            Kind.AGAIN,
            "a lock was not had in time",
            "look at who holds it (pg_locks, pg_blocking_pids) and at lock_timeout",
            "55P03"),
    READ_ONLY(
            Kind.AGAIN,
            "the server or the transaction only reads",
            "connect to the primary (targetServerType=primary in the URL), and in a transaction that may write",
            "25006"),
    IDLE_TRANSACTION_ENDED(
            Kind.AGAIN,
            "the server ended a transaction that stood idle",
            "make transactions shorter, or idle_in_transaction_session_timeout longer",
            "25P03"),
    TRANSACTION_TOO_LONG(
            Kind.AGAIN,
            "the server ended a transaction that took too long",
            "make transactions shorter, or transaction_timeout longer",
            "25P04"),
    TRANSACTION_FAILED(
            Kind.REFUSED,
            "an earlier statement of the transaction failed",
            "roll the transaction back; look at the first error in it",
            "25P02"),
    DEADLOCK(
            Kind.AGAIN,
            "the server ended a deadlock by rolling this transaction back",
            "let transactions lock the same rows in the same order",
            "40P01"),
    SERIALIZATION(
            Kind.AGAIN,
            "the transaction met what another wrote, and was rolled back",
            "a transaction that is REPEATABLE READ or SERIALIZABLE must be ready to be repeated",
            "40001"),
    ROLLED_BACK(Kind.AGAIN, "the server rolled the transaction back", "look at the server's log", "40"),
    SYSTEM_FAILED(Kind.AGAIN, "the server's own system failed", "look at the server's log and disks", "58"),
    DATA_REFUSED(
            Kind.REFUSED,
            "the database refused the data",
            "look at what was to be stored, or at the constraint that is named",
            "22",
            "23",
            "54"),
    NOT_SUPPORTED(
            Kind.REFUSED,
            "the server does not support a statement",
            "repeat the call if the schema was migrated meanwhile; else look at the server's version",
            "0A"),
    SERVER_BROKEN(Kind.REFUSED, "the server met an error of its own", "look at its log; its data may be damaged", "XX"),
    RAISED(Kind.REFUSED, "a function or trigger in the database refused it", "look at its words", "P0"),
    SOURCE_FAILED(
            Kind.REFUSED,
            SqlFault::isWithoutCode,
            "the data source or the driver failed",
            "look at its words and at the cause"),
    UNKNOWN(
            Kind.REFUSED,
            error -> true,
            "the database refused a statement",
            "look at its words and at the server's log");

    /** What follows from a fault. */
    enum Kind {
        /** It passes by itself or on another server: the same work is done again. */
        AGAIN,
        /** Somebody must set something up: trying again does not help. */
        SET_UP,
        /** This statement was refused. */
        REFUSED
    }

    /** What pools say that have no code for it. */
    private static final class Words {
        static final Pattern CLOSED = Pattern.compile("\\b(is|been) closed\\b", Pattern.CASE_INSENSITIVE);
        static final Pattern NOT_CONNECTED = Pattern.compile("\\(total=0,|^no connection");
        static final Pattern TIMED_OUT = Pattern.compile("time-?d?[- ]?out|pool empty", Pattern.CASE_INSENSITIVE);
    }

    private final Kind kind;
    private final Predicate<SQLException> fits;
    private final String what;
    private final String remedy;

    SqlFault(Kind kind, Predicate<SQLException> fits, String what, String remedy) {
        this.kind = kind;
        this.fits = fits;
        this.what = what;
        this.remedy = remedy;
    }

    SqlFault(Kind kind, String what, String remedy, String... codes) {
        this(kind, error -> hasAnyCode(error, Set.of(codes)), what, remedy);
    }

    /** The fault that an error shows. */
    static SqlFault of(SQLException error) {
        for (SqlFault fault : values()) {
            if (fault.fits.test(error)) {
                return fault;
            }
        }
        return UNKNOWN;
    }

    Kind kind() {
        return kind;
    }

    /** What happened. */
    String what() {
        return what;
    }

    /** What to do about it. */
    String remedy() {
        return remedy;
    }

    private static String codeOf(SQLException error) {
        String code = error.getSQLState();
        return code == null ? "" : code;
    }

    private static boolean hasCode(SQLException error, String code) {
        return codeOf(error).equals(code);
    }

    private static boolean hasAnyCode(SQLException error, Set<String> codes) {
        String code = codeOf(error);
        return codes.contains(code) || (code.length() > 2 && codes.contains(code.substring(0, 2)));
    }

    private static boolean isWithoutCode(SQLException error) {
        return codeOf(error).isEmpty();
    }

    private static boolean saysIt(SQLException error, Pattern words) {
        return words.matcher(String.valueOf(error.getMessage())).find();
    }

    private static boolean hasCause(SQLException error, Class<? extends Throwable> type) {
        for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
            if (type.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }
}
