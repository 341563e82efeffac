package dev.millrace.store;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.store.Routine.Column;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * The server's sessions of one pool and of the connections beside it. Each new session is greeted once: it learns to notice
 * when its client has gone, and says which server it is of ({@link Primary}).
 *
 * <p>A statement without an answer is given up by closing the connection, which the server does not notice while the statement
 * waits for a standby. Such a session is one that this process still has. When there is one, connections are opened one at a
 * time, and a new session counts those that are still at work; it is closed again where there would be more than the bound.
 *
 * <p>Thread-safe.
 */
final class Sessions {
    /** The process has as many sessions as it may, some of which do not end. Not one of PostgreSQL's codes. */
    static final String ALL_HELD = "08M02";

    private static final Executor CALLING_THREAD = Runnable::run;
    private static final int GREETING_MILLIS = 10_000;
    private static final int NO_PROCESS = -1;

    /** After a session that was refused, at least; and at most twice as long. */
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** After that a session whose client has gone has ended, unless it waits for a standby. */
    private static final long NOTICED_NANOS = TimeUnit.MILLISECONDS.toNanos(1_500);

    /** After that nobody is there who reviews. */
    private static final long REVIEWED_NANOS = TimeUnit.SECONDS.toNanos(15);

    private final int most;
    private final Primary primary = new Primary();
    private final Routine greeting = new Statements(Location.checkSchema("millrace")).simple("greet");
    private final Set<PGConnection> known = ConcurrentHashMap.newKeySet(); // those closed here are given up
    private final ReentrantLock oneByOne = new ReentrantLock();
    private final AtomicReference<Asking> asking = new AtomicReference<>(Asking.ALL);
    private final AtomicInteger opening = new AtomicInteger(); // may be at the server, and are not known yet
    private long nextNanos = System.nanoTime(); // guarded by oneByOne: no session is opened before
    private volatile long reviewedNanos = System.nanoTime();
    private volatile boolean closing;
    private final Map<PGConnection, Long> noticedNanos =
            new HashMap<>(); // guarded by oneByOne: those given up, since when

    /** @param most sessions that this process may have while some are given up, but for one that is being opened */
    Sessions(int most) {
        this.most = most;
    }

    /** What a server understands of the greeting. */
    private enum Asking {
        ALL,
        /** It cannot notice that a client has gone. */
        ONLY_WHO_IT_IS,
        NOTHING;

        Asking less() {
            return this == ALL ? ONLY_WHO_IT_IS : NOTHING;
        }
    }

    private record Answer(@Nullable Long cluster, @Nullable Integer timeline, Set<Integer> busy) {}

    /** Those of a pool: of Millrace's own the pool's, whose connections it has greeted; of any other fresh ones. */
    static Sessions of(DataSource pool) {
        return pool instanceof HikariDataSource hikari && hikari.getDataSource() instanceof Dialing dialing
                ? dialing.sessions()
                : new Sessions(Integer.MAX_VALUE);
    }

    /** The server that they are of. */
    Primary primary() {
        return primary;
    }

    /** Whether a connection was greeted; true for one that is not the driver's and cannot be told from others. */
    boolean isKnown(Connection connection) throws SQLException {
        PGConnection driver = driver(connection);
        return driver == null || known.contains(driver);
    }

    /** Opens a connection. */
    @FunctionalInterface
    interface Opening {
        Connection open() throws SQLException;
    }

    /**
     * Opens a connection, in autocommit, and greets its session.
     *
     * @throws SQLException if there is none, or if its session must not be used: then it is closed
     */
    Connection open(Opening fresh) throws SQLException {
        opening.incrementAndGet(); // before the look at sessions given up: a thread that opens one after a later loss
        // counts this one
        try {
            if (givenUp().isEmpty()) {
                return greeted(fresh.open());
            }
        } finally {
            opening.decrementAndGet();
        }
        return openAlone(fresh);
    }

    private Connection openAlone(Opening fresh) throws SQLException {
        try {
            oneByOne.lockInterruptibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SQLTransientConnectionException("interrupted while waiting to connect", e);
        }
        opening.incrementAndGet();
        try {
            if (System.nanoTime() - nextNanos < 0 || isTooEarly()) {
                throw held("%d sessions that this process gave up may still be at work on the server"
                        .formatted(givenUp().size()));
            }
            return greeted(fresh.open());
        } finally {
            opening.decrementAndGet();
            oneByOne.unlock();
        }
    }

    /**
     * Whether there is no session to spare, as far as is known: the server may not have noticed yet that a client has gone, or the
     * session that listens asks after those given up ({@link #review}). A process that ends has broken off what it was at, and
     * has no time to wait before its goodbye: there the server is asked at once.
     */
    private boolean isTooEarly() {
        if (closing) {
            return false;
        }
        long now = System.nanoTime();
        noticedNanos.keySet().retainAll(known);
        givenUp().forEach(session -> noticedNanos.putIfAbsent(session, now));
        boolean fresh = noticedNanos.values().stream().anyMatch(since -> now - since < NOTICED_NANOS);
        return known.size() + opening.get() - 1 > most && (fresh || now - reviewedNanos < REVIEWED_NANOS);
    }

    /** The process ends. */
    void closing() {
        closing = true;
    }

    /** Whether any session is given up that may still be there. */
    boolean areGivenUp() {
        return !givenUp().isEmpty();
    }

    /** Asks over a session that is there, in autocommit, which of those given up have ended; sends nothing if none is. */
    void review(Connection connection) throws SQLException {
        if (areGivenUp()) {
            forgetAllBut(ask(connection, NO_PROCESS).busy());
            reviewedNanos = System.nanoTime();
        }
    }

    private Connection greeted(Connection connection) throws SQLException {
        boolean good = false;
        try {
            greet(connection);
            good = true;
            return connection;
        } finally {
            if (!good) {
                connection.close();
            }
        }
    }

    private void greet(Connection connection) throws SQLException {
        PGConnection driver = driver(connection);
        if (driver == null) {
            return;
        }
        int before = connection.getNetworkTimeout();
        connection.setNetworkTimeout(CALLING_THREAD, GREETING_MILLIS);
        Answer answer = ask(connection, driver.getBackendPID());
        count(answer.busy());
        if (answer.timeline() != null) {
            primary.meet(answer.cluster(), answer.timeline());
        }
        known.add(driver);
        connection.setNetworkTimeout(CALLING_THREAD, before);
    }

    /**
     * Greets the session of a pool's connection, unless that was done.
     *
     * @throws SQLException if the session must not be used; then it is the caller's to break
     */
    void greetOnce(Connection connection) throws SQLException {
        if (isKnown(connection)) {
            return;
        }
        boolean autoCommit = connection.getAutoCommit();
        if (!autoCommit) {
            connection.setAutoCommit(true); // what is said to the session must outlast a transaction
        }
        greet(connection);
        if (!autoCommit) {
            connection.setAutoCommit(false);
        }
    }

    private Answer ask(Connection connection, int process) throws SQLException {
        Column givenUp = Columns.integers(givenUp(), PGConnection::getBackendPID);
        for (Asking now = asking.get(); now != Asking.NOTHING; now = now.less()) {
            Map<String, ?> values = Map.of("process", now == Asking.ALL ? process : NO_PROCESS, "given_up", givenUp);
            try {
                return greeting.run(connection, values, Sessions::read);
            } catch (SQLException e) {
                if (connection.isClosed() || SqlErrors.isTransient(e)) {
                    throw e;
                }
                asking.set(now.less()); // not every server can notice, and not every one is PostgreSQL's own
            }
        }
        return new Answer(null, null, Set.of());
    }

    private static Answer read(ResultSet row) throws SQLException {
        row.next();
        Set<Integer> busy = new HashSet<>();
        for (Object pid : (Object[]) row.getArray("busy").getArray()) {
            busy.add((Integer) pid);
        }
        return new Answer((Long) row.getObject("cluster"), (Integer) row.getObject("timeline"), busy);
    }

    /** Forgets those given up that have ended, and refuses one more where all that the process may have are there. */
    private void count(Set<Integer> busy) throws SQLException {
        forgetAllBut(busy);
        int open = (int) known.stream().filter(session -> !isClosed(session)).count();
        int others = Math.max(0, opening.get() - 1); // a pool's own was opened by that pool
        if (!busy.isEmpty() && open + others + 1 + busy.size() > most) {
            nextNanos = System.nanoTime()
                    + PAUSE_NANOS
                    + ThreadLocalRandom.current().nextLong(PAUSE_NANOS);
            throw held(
                    "%d sessions that this process gave up are still at work on the server, %d more are open, %d are allowed"
                            .formatted(busy.size(), open + others, most + 1));
        }
    }

    private void forgetAllBut(Set<Integer> busy) {
        known.removeIf(session -> isClosed(session) && !busy.contains(session.getBackendPID()));
    }

    private static SQLException held(String why) {
        return new SQLTransientConnectionException(why + "; no other is opened, nothing was done", ALL_HELD);
    }

    /** Sessions whose connections were closed here. */
    private List<PGConnection> givenUp() {
        return known.stream().filter(Sessions::isClosed).toList();
    }

    private static boolean isClosed(PGConnection session) {
        try {
            return ((Connection) session).isClosed(); // the driver's own is one
        } catch (SQLException e) {
            return true; // it has lost its session, too
        }
    }

    private static @Nullable PGConnection driver(Connection connection) {
        try {
            return connection.isWrapperFor(PGConnection.class) ? connection.unwrap(PGConnection.class) : null;
        } catch (SQLException e) {
            return null; // it does not say
        }
    }
}
