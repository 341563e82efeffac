package dev.millrace.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
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
    /** How long a caller's statement may take to answer; large appends and clean-ups are the slow ones. */
    private static final Duration CALL_BOUND = Duration.ofSeconds(60);

    private final DataSource dataSource;
    private final String schema;
    private final Lending lending;
    private final Jdbi calls;
    private final Jdbi work;
    private final Repeats repeats;
    private final Duration workBound;
    private final Statements statements;
    private volatile @Nullable String begin; // of transactions; null while the default will do
    private volatile boolean readOnlyByDefault;
    private volatile Access access = Access.ALL;

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
        this.repeats = new Repeats(patience, this::translated);
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

    /** Connections that belong to nobody's transaction and on which transactions may write that do not ask to. */
    DataSource writable() {
        return WritableSessions.of(this, readOnlyByDefault);
    }

    /** What says whether a connection of the data source may be used. */
    BorrowCheck borrowCheck() {
        return lending.check();
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

    /** The server's sessions of the pool and beside it. */
    Sessions sessions() {
        return lending.sessions();
    }

    /** Sets who hears that another history of the database goes on than the one that this process worked on. */
    public void whenMoved(Runnable listener) {
        sessions().primary().whenMoved(listener);
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
            return InterruptFlag.down(
                    () -> work.withHandle(handle -> committed(handle.getConnection(), () -> statement.apply(handle))));
        } catch (JdbiException e) {
            throw translated(e);
        }
    }

    /** As {@link #onceOnly}, for a statement that is executed for every few events. */
    <R> R hot(String name, Map<String, ?> values, Routine.Reader<R> reader) {
        try {
            return InterruptFlag.down(
                    () -> direct(workBound, connection -> run(statements.routine(name), connection, values, reader)));
        } catch (StatementFailed | NoConnection e) {
            throw translated(e);
        }
    }

    /** As {@link #hot}, in the caller's own transaction. */
    <R> R hotWithin(Connection connection, String name, Map<String, ?> values, Routine.Reader<R> reader) {
        try {
            return InterruptFlag.down(() -> run(statements.routine(name), connection, values, reader));
        } catch (StatementFailed e) {
            throw translated(e);
        }
    }

    /** Executes a statement for which any plan will do, in the work of {@link #onceDirect} and the like. */
    <R> R simple(Connection connection, String name, Map<String, ?> values, Routine.Reader<R> reader) {
        return run(statements.simple(name), connection, values, reader);
    }

    private <R> R direct(Duration bound, Function<Connection, R> work) {
        Connection connection = lending.lend(Math.toIntExact(bound.toMillis()));
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

    /** A connection for a caller's own work, whose answers may take as long as they do; waits as long as calls are repeated. */
    Connection borrow() {
        return repeated(lending::lend);
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
            return InterruptFlag.down(
                    () -> work.apply(configured(Jdbi.create(connection)).open()));
        } catch (JdbiException e) {
            throw explained(e, SqlErrors.inCallersTransaction(e));
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
            if (SqlErrors.isReadOnly(e) && !CallersConnection.isSetReadOnly(connection)) {
                Lending.abort(connection);
            }
            throw e;
        }
    }

    /** From now on gives up at the first failure, since the process ends. */
    void closing() {
        repeats.closing();
        sessions().closing();
    }

    /** From now on refuses every call but for statements in callers' own transactions: all is over. */
    void closed() {
        repeats.closed();
    }

    /** Breaks off every statement under way. */
    void breakOff() {
        repeats.closing();
        lending.breakOff();
    }

    /** Work that may be done again after any failure that passes. */
    <R> R repeated(Supplier<R> work) {
        return repeats.repeated(work);
    }

    /** As {@link #repeated(Supplier)}, for as long as calls are repeated, or for less. */
    <R> R repeated(Duration most, Supplier<R> work) {
        return repeats.repeated(most, work);
    }

    /** Work that may be done again only while no connection could be had; for as long as calls are repeated, or for less. */
    <R> R untilSent(Duration most, Supplier<R> work) {
        return repeats.untilSent(most, work);
    }

    private RuntimeException translated(RuntimeException error) {
        return explained(error, SqlErrors.translated(error));
    }

    /** What is told of an error; if the role of the connections does not work, which role it needs. */
    private RuntimeException explained(RuntimeException error, RuntimeException told) {
        return access.writes() || !SqlErrors.isNotAllowed(error) ? told : Roles.needed(SqlErrors.reason(error), told);
    }
}
