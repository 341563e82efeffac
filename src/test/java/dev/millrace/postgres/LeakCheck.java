package dev.millrace.postgres;

import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * What a test method found when it started, to be compared with what it leaves. Only what is new is a leak: what a
 * class holds from {@code @BeforeAll} on is its own, and a leak is told once, by the test that made it. Confined to
 * the thread of the test.
 */
final class LeakCheck {
    private static final String THREAD_PREFIX = "millrace-";

    private final TestDatabase database;
    private final Duration limit;
    private final boolean mayLeaveRunningRows;
    private final Set<TestDatabase.Pool> pools;
    private final Set<TestDatabase> others;
    private final Set<Object> backends;
    private final Set<Object> runningRows;
    private final Set<Thread> threads;
    private final Set<TestDatabase.Pool> borrowedFrom;

    private LeakCheck(TestDatabase database, Duration limit, boolean mayLeaveRunningRows) {
        this.database = database;
        this.limit = limit;
        this.mayLeaveRunningRows = mayLeaveRunningRows;
        this.pools = new HashSet<>(database.pools());
        this.others = new HashSet<>(database.others());
        this.backends = new HashSet<>(
                database.list(Object.class, "select pid from pg_stat_activity where datname = current_database()"));
        this.runningRows = new HashSet<>(runningRows(database));
        this.threads = new HashSet<>(libraryThreads());
        this.borrowedFrom =
                database.pools().stream().filter(pool -> borrowed(pool) > 0).collect(Collectors.toSet());
    }

    /** Remembers what there is now. Each kind of thing may take up to {@code limit} to settle in the end. */
    static LeakCheck begin(TestDatabase database, Duration limit, boolean mayLeaveRunningRows) {
        return new LeakCheck(database, limit, mayLeaveRunningRows);
    }

    /**
     * Closes the pools and databases that were opened since the beginning.
     *
     * @return what was left behind, a line each; empty when nothing was
     */
    List<String> end() {
        List<String> leaks = new ArrayList<>();
        leaks.addAll(leftThreads());
        leaks.addAll(leftBorrowed(database, pools, borrowedFrom));
        leaks.addAll(leftRunningRows(database, runningRows));
        leaks.addAll(leftConnections(database, backends, pools));
        for (TestDatabase other : List.copyOf(database.others())) {
            if (!others.contains(other)) {
                leaks.addAll(leftBorrowed(other, Set.of(), Set.of()));
                leaks.addAll(leftRunningRows(other, Set.of()));
                leaks.addAll(leftConnections(other, Set.of(), Set.of()));
                database.closeOther(other);
            }
        }
        return leaks;
    }

    private List<String> leftThreads() {
        long deadline = System.nanoTime() + limit.toNanos();
        List<String> leaks = new ArrayList<>();
        for (Thread thread : libraryThreads()) {
            if (threads.contains(thread)) {
                continue;
            }
            try {
                thread.join(Math.max(
                        1, Duration.ofNanos(deadline - System.nanoTime()).toMillis()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (thread.isAlive()) {
                leaks.add("thread '" + thread.getName() + "' still runs, at " + whereIs(thread));
            }
        }
        return leaks;
    }

    private static String whereIs(Thread thread) {
        StackTraceElement[] stack = thread.getStackTrace();
        return stack.length == 0 ? "its end" : stack[0].toString();
    }

    private static List<Thread> libraryThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(THREAD_PREFIX))
                .toList();
    }

    private List<String> leftBorrowed(
            TestDatabase database, Set<TestDatabase.Pool> classPools, Set<TestDatabase.Pool> borrowedBefore) {
        List<String> leaks = new ArrayList<>();
        for (TestDatabase.Pool pool : List.copyOf(database.pools())) {
            if (!borrowedBefore.contains(pool) && !settles(database, () -> borrowed(pool) == 0)) {
                leaks.add("%d connection(s) borrowed from pool %s of %s were not given back"
                        .formatted(borrowed(pool), pool.application(), database.name()));
            }
            if (!classPools.contains(pool)) {
                database.closePool(pool);
            }
        }
        return leaks;
    }

    private static int borrowed(TestDatabase.Pool pool) {
        HikariDataSource source = pool.source();
        return source.isClosed() ? 0 : source.getHikariPoolMXBean().getActiveConnections();
    }

    private List<String> leftConnections(TestDatabase database, Set<Object> before, Set<TestDatabase.Pool> classPools) {
        settles(database, () -> newConnections(database, before, classPools).isEmpty());
        return newConnections(database, before, classPools).stream()
                .map(connection -> "connection to " + database.name() + " still open: " + connection)
                .toList();
    }

    private static List<String> newConnections(
            TestDatabase database, Set<Object> before, Set<TestDatabase.Pool> classPools) {
        Set<String> expected =
                classPools.stream().map(TestDatabase.Pool::application).collect(Collectors.toSet());
        expected.add(TestDatabase.HELPER);
        List<String> found = new ArrayList<>();
        for (List<?> row : database.query(
                "select pid, application_name, coalesce(state, 'unknown'), left(query, 200) from pg_stat_activity"
                        + " where datname = current_database() and backend_type = 'client backend' order by pid")) {
            boolean idle = "idle".equals(row.get(2));
            boolean expects = expected.contains(row.get(1)) || database.isPooled(); // under the name it was last used
            boolean own = expects && (idle || TestDatabase.HELPER.equals(row.get(1)));
            if (!own && !before.contains(row.get(0))) {
                found.add("pid %s, application '%s', %s, last statement: %s"
                        .formatted(row.get(0), row.get(1), row.get(2), row.get(3)));
            }
        }
        return found;
    }

    private List<String> leftRunningRows(TestDatabase where, Set<Object> before) {
        if (mayLeaveRunningRows) {
            return List.of();
        }
        settles(where, () -> before.containsAll(runningRows(where)));
        return runningRows(where).stream()
                .filter(id -> !before.contains(id))
                .map(id -> "event " + id + " of " + where.name() + " is still in table running")
                .toList();
    }

    private static List<Object> runningRows(TestDatabase database) {
        if (database.text("select to_regclass('millrace.running')") == null) {
            return List.of();
        }
        return database.list(Object.class, "select id from millrace.running");
    }

    /** Whether the condition comes true in time; the server does the waiting between two looks. */
    private boolean settles(TestDatabase database, BooleanSupplier condition) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            database.query("select pg_sleep(0.01)");
        }
        return true;
    }
}
