package dev.millrace.store;

import dev.millrace.event.ConnectionException;
import dev.millrace.store.Settlement.Ended;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * A handler's own writes and the settlement of its event, committed together or not at all. Confined to the handler's
 * thread, but for {@link #cancel}.
 *
 * <p>On a virtual thread an interrupt closes the connection that it meets inside the driver; so the flag is down while the
 * transaction is settled and ended, and up again after.
 */
public final class JointTransaction implements AutoCloseable {
    /** Classes of errors after which the server has certainly rolled back: a constraint, a deadlock, an aborted transaction. */
    private static final Set<String> ROLLED_BACK = Set.of("22", "23", "25", "40", "42", "P0");

    private static final String COMPLETION_UNKNOWN = "40003";

    private final Database database;
    private final Settlements settlements;
    private final Duration commitBound;
    private final Connection connection;
    private final Runnable whenClosed;
    private final boolean autoCommit;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean over; // guarded by lock
    private boolean cancelled; // guarded by lock
    private boolean committed;

    JointTransaction(
            Database database,
            Settlements settlements,
            Duration commitBound,
            Connection connection,
            Runnable whenClosed) {
        this.database = database;
        this.settlements = settlements;
        this.commitBound = commitBound;
        this.connection = connection;
        this.whenClosed = whenClosed;
        try {
            this.autoCommit = connection.getAutoCommit();
            database.begin(connection);
        } catch (SQLException e) {
            throw SqlErrors.noTransaction(e);
        }
    }

    /** What the handler does on the connection. */
    @FunctionalInterface
    public interface Body<R extends @Nullable Object> {
        /** Does it. */
        R on(Connection connection) throws Exception;
    }

    /** Does the handler's part, on a connection whose transaction it cannot end. */
    public <R extends @Nullable Object> R run(Body<R> body) throws Exception {
        return body.on((Connection) Proxy.newProxyInstance(
                JointTransaction.class.getClassLoader(),
                new Class<?>[] {Connection.class},
                this::onBehalfOfTheHandler));
    }

    private @Nullable Object onBehalfOfTheHandler(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        boolean ends = switch (method.getName()) {
            case "commit", "setAutoCommit", "abort" -> true;
            case "rollback" -> method.getParameterCount() == 0; // to a savepoint it may
            default -> false;
        };
        if (ends) {
            throw new SQLException(
                    "this transaction settles an event and ends with the work it is given to: throw to roll it back");
        }
        if (method.getName().equals("close")) {
            return null; // it is closed when the transaction has ended
        }
        try {
            return method.invoke(connection, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /**
     * Settles the event and commits.
     *
     * @return false if the claim is no longer its worker's, and nothing was written
     * @throws ConnectionException if the commit failed and nothing was written, or if that cannot be found out
     */
    public boolean settle(Ended answer) {
        return InterruptFlag.down(() -> settleAndCommit(answer));
    }

    private boolean settleAndCommit(Ended answer) {
        try {
            connection.setNetworkTimeout(Runnable::run, Math.toIntExact(commitBound.toMillis()));
            if (settlements.end(connection, List.of(answer), commitBound).isEmpty()) {
                connection.rollback(); // the read-back must not wait for what this transaction holds
                return endedBefore(answer);
            }
            commit(answer);
            return committed || endedBefore(answer);
        } catch (SQLException e) {
            throw SqlErrors.unchecked("event %s could not be settled".formatted(answer.id()), e);
        }
    }

    private void commit(Ended answer) {
        try {
            connection.commit();
            committed = true;
        } catch (SQLException e) {
            String state = String.valueOf(e.getSQLState());
            boolean known = !state.equals(COMPLETION_UNKNOWN) && ROLLED_BACK.contains(state.substring(0, 2));
            if (!known) {
                Lending.abort(connection);
            }
            if (known || settlements.isHeld(answer.hold())) { // looks when the server is done with it
                throw new ConnectionException(
                        "event %s attempt %d: its transaction was rolled back, nothing was written: %s"
                                .formatted(answer.id(), answer.hold().attempt(), SqlErrors.reason(e)),
                        e);
            }
        }
    }

    private boolean endedBefore(Ended answer) {
        return !settlements.endedBefore(List.of(answer)).isEmpty();
    }

    /** Cancels the statement that the handler waits for, if it does. From another thread. */
    public void cancel() {
        lock.lock();
        try {
            if (!over && connection.isWrapperFor(PGConnection.class)) {
                cancelled = true;
                connection.unwrap(PGConnection.class).cancelQuery();
            }
        } catch (SQLException e) {
            return; // the interrupt that follows closes the connection
        } finally {
            lock.unlock();
        }
    }

    /** Ends it; what has not been committed is rolled back. */
    @Override
    public void close() {
        InterruptFlag.runDown(this::end);
    }

    private void end() {
        boolean spoilt;
        lock.lock(); // waits for a cancellation under way
        try {
            over = true;
            spoilt =
                    cancelled; // that may still arrive in the server, and must not meet whoever has the connection next
        } finally {
            lock.unlock();
        }
        try {
            if (!committed && !connection.isClosed()) {
                connection.rollback();
            }
            connection.setAutoCommit(autoCommit);
        } catch (SQLException e) {
            spoilt = true;
        }
        if (spoilt) {
            Lending.abort(connection);
        }
        database.giveBack(connection);
        whenClosed.run();
    }
}
