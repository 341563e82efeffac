package dev.millrace.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jdbi.v3.core.statement.StatementExceptions;
import org.jdbi.v3.core.statement.StatementExceptions.MessageRendering;
import org.jdbi.v3.core.statement.TemplateEngine;
import org.jspecify.annotations.Nullable;

/**
 * One Millrace's schema in one PostgreSQL database: connections, statements by name, and what to do when the connection
 * is lost. Thread-safe.
 */
public final class Database {
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 1_000;

    /** How long a caller's statement may take to answer; large appends and clean-ups are the slow ones. */
    private static final Duration CALL_BOUND = Duration.ofSeconds(60);

    private final DataSource dataSource;
    private final String schema;
    private final Lending lending;
    private final Jdbi calls;
    private final Jdbi work;
    private final Duration patience;
    private final Duration workBound;
    private final Statements statements;
    private volatile @Nullable String begin; // of transactions; null while the default will do
    private volatile boolean readOnlyByDefault;
    private volatile Access access = Access.ALL;
    private volatile boolean closing;

    /** As the other one, for callers without background work. */
    public Database(DataSource dataSource, String schema, Duration patience) {
        this(dataSource, schema, patience, CALL_BOUND);
    }

    /**
     * Opens nothing yet.
     *
     * @param patience how long a call is repeated while the database cannot be reached
     * @param workBound how long a statement of the background work may take to answer
     * @throws IllegalArgumentException if the schema's name is not lower case letters, digits and underscores
     */
    public Database(DataSource dataSource, String schema, Duration patience, Duration workBound) {
        this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        this.schema = Location.checkSchema(schema);
        this.statements = new Statements(this.schema);
        this.patience = patience;
        this.workBound = workBound;
        this.lending = new Lending(dataSource);
        this.calls = configured(Jdbi.create(lending.within(CALL_BOUND)));
        this.work = configured(Jdbi.create(lending.within(workBound)));
    }

    /** Notes what transactions must ask for, since it is not the default: to see what others commit meanwhile, and to write. */
    void askFor(DatabaseFacts facts) {
        readOnlyByDefault = facts.readOnlyByDefault();
        begin = readOnlyByDefault || !facts.readsCommittedByDefault() ? sql("begin_read_committed") : null;
    }

    /** Notes what the role of the connections may do. */
    void isLent(Access rights) {
        access = rights;
    }

    /** What the role of the connections may do. */
    Access access() {
        return access;
    }

    /** Connections on which transactions may write that do not ask to. */
    DataSource writable() {
        return readOnlyByDefault ? WritableSessions.of(this) : dataSource;
    }

    /** Does work that writes, by one statement, on a connection in autocommit that is thrown away if this throws. */
    <R> R written(Connection connection, OwnConnection.Work<R> work) throws SQLException {
        return readOnlyByDefault
                ? Transactions.bracketed(connection, sql("begin_read_committed"), work)
                : work.on(connection);
    }

    /** The schema's name. */
    public String schema() {
        return schema;
    }

    DataSource dataSource() {
        return dataSource;
    }

    /** The statement in that file, for this schema. */
    String sql(String name) {
        return statements.text(name);
    }

    /** The query in that file, with a plan for tables of any size; not within a caller's own transaction. */
    Query planned(Handle handle, String name) {
        return statements.planned(handle, name);
    }

    /**
     * Runs one statement, which commits by itself. The work may run again after a lost connection, so it must be
     * repeatable: reads are, and writes that are fenced or keyed by an id.
     */
    <R> R once(Function<Handle, R> work) {
        return repeated(() -> calls.withHandle(handle -> committed(handle.getConnection(), () -> work.apply(handle))));
    }

    /** As {@link #once}, for what needs no JDBI, whose handle costs as much as all the rest of a small statement in the client. */
    <R> R onceDirect(Function<Connection, R> work) {
        return repeated(() -> direct(CALL_BOUND, work));
    }

    /** As {@link #once}, but a lost connection is the caller's to deal with; for background work, which looks again anyway. */
    <R> R onceOnly(Function<Handle, R> statement) {
        try {
            return work.withHandle(handle -> committed(handle.getConnection(), () -> statement.apply(handle)));
        } catch (JdbiException e) {
            throw translated(e);
        }
    }

    /** As {@link #onceOnly}, for a statement that is executed for every few events. */
    <R> R hot(String name, Map<String, ?> values, Routine.Reader<R> reader) {
        try {
            return direct(workBound, connection -> run(statements.routine(name), connection, values, reader));
        } catch (StatementFailed e) {
            throw SqlErrors.translated(e);
        }
    }

    /** As {@link #hot}, in the caller's own transaction. */
    <R> R hotWithin(Connection connection, String name, Map<String, ?> values, Routine.Reader<R> reader) {
        try {
            return run(statements.routine(name), connection, values, reader);
        } catch (StatementFailed e) {
            throw SqlErrors.translated(e);
        }
    }

    /** Executes a statement for which any plan will do, in the work of {@link #onceDirect} and the like. */
    <R> R simple(Connection connection, String name, Map<String, ?> values, Routine.Reader<R> reader) {
        return run(statements.simple(name), connection, values, reader);
    }

    private <R> R direct(Duration bound, Function<Connection, R> work) {
        Connection connection;
        try {
            connection = lending.lend(Math.toIntExact(bound.toMillis()));
        } catch (SQLException e) {
            throw new StatementFailed(e);
        }
        try {
            return committed(connection, () -> work.apply(connection));
        } finally {
            lending.takeBack(connection);
        }
    }

    private static <R> R run(Routine routine, Connection connection, Map<String, ?> values, Routine.Reader<R> reader) {
        try {
            return routine.run(connection, values, reader);
        } catch (SQLException e) {
            throw new StatementFailed(e);
        }
    }

    /** Runs several statements in one transaction; repeatable as {@link #once} is. */
    <R> R inTransaction(Function<Handle, R> work) {
        return repeated(() ->
                calls.withHandle(handle -> inTransaction(handle.getConnection(), begin, () -> work.apply(handle))));
    }

    /** Runs reads that see one moment of the database; repeated when the connection is lost. */
    <R> R inSnapshot(Function<Handle, R> work) {
        return repeated(() -> calls.withHandle(
                handle -> inTransaction(handle.getConnection(), sql("begin_snapshot"), () -> work.apply(handle))));
    }

    /** A connection for a caller's own work, whose answers may take as long as they do. */
    Connection borrow() {
        try {
            return lending.lend();
        } catch (SQLException e) {
            throw SqlErrors.unchecked("no connection", e);
        }
    }

    /** Gives such a connection back. */
    void giveBack(Connection connection) {
        lending.takeBack(connection);
    }

    /** Begins a transaction on such a connection. */
    void begin(Connection connection) throws SQLException {
        String statement = begin;
        if (statement != null) {
            connection.setAutoCommit(true); // see Transactions
            int unused = within(connection, handle -> handle.execute(statement));
        }
        connection.setAutoCommit(false);
    }

    /** Runs statements in the caller's own transaction, once, and leaves the connection as it is. */
    <R> R within(Connection connection, Function<Handle, R> work) {
        // The handle is not closed: that would close the caller's connection.
        try {
            return work.apply(configured(Jdbi.create(connection)).open());
        } catch (JdbiException e) {
            throw translated(e);
        }
    }

    private static Jdbi configured(Jdbi jdbi) {
        jdbi.installPlugin(new PlainTypes());
        jdbi.getConfig(Handles.class)
                .setForceEndTransactions(false); // Transactions ends them; a pool may be without autocommit
        jdbi.getConfig(SqlStatements.class).setTemplateEngine(TemplateEngine.NOP); // "<" is an operator here
        jdbi.getConfig(StatementExceptions.class)
                .setMessageRendering(MessageRendering.NONE); // not the statement's text
        return jdbi;
    }

    private <R> R committed(Connection connection, Supplier<R> work) {
        try {
            if (begin == null && connection.getAutoCommit()) {
                return watched(connection, work);
            }
        } catch (SQLException e) {
            throw SqlErrors.unchecked("cannot read the connection's mode", e);
        }
        return inTransaction(connection, begin, work);
    }

    private static <R> R inTransaction(Connection connection, @Nullable String begin, Supplier<R> work) {
        return watched(connection, () -> Transactions.run(connection, begin, work));
    }

    /** A server that only reads is the wrong one, after a failover: its connection must not be lent again. */
    private static <R> R watched(Connection connection, Supplier<R> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            if (SqlErrors.isReadOnly(e)) {
                Lending.abort(connection);
            }
            throw e;
        }
    }

    /** From now on gives up at the first failure, since the process ends. */
    void closing() {
        closing = true;
    }

    /** Breaks off every statement under way. */
    void breakOff() {
        closing = true;
        lending.breakOff();
    }

    <R> R repeated(Supplier<R> work) {
        long giveUp = System.nanoTime() + patience.toNanos();
        for (int failures = 0; ; failures++) {
            try {
                return work.get();
            } catch (RuntimeException e) {
                if (closing
                        || !SqlErrors.isTransient(e)
                        || Thread.currentThread().isInterrupted()) {
                    throw translated(e);
                }
                if (System.nanoTime() - giveUp >= 0) {
                    throw SqlErrors.unreachable(e, patience);
                }
                pause(failures);
            }
        }
    }

    /** The database's refusal in our words; of a role that does not work, which one it needs. */
    private RuntimeException translated(RuntimeException error) {
        RuntimeException told = SqlErrors.translated(error);
        return access.writes() || !SqlErrors.isNotAllowed(error) ? told : Roles.needed(SqlErrors.reason(error), told);
    }

    /** Waits a random part of a time that doubles with each failure: full jitter, so that clients do not come back as one. */
    static void pause(int failures) {
        long ceiling = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures, 10));
        LockSupport.parkNanos(
                TimeUnit.MILLISECONDS.toNanos(ThreadLocalRandom.current().nextLong(1, ceiling + 1)));
    }
}
