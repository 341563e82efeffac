package dev.millrace.faults;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/**
 * Connections that fail where a test says: at a moment of the n-th execution of a statement of the product, which it knows
 * by the name in the first line of the file; a claim of suspects, whose lanes have negative numbers, by that name
 * and {@link #OF_SUSPECTS}. Underneath no connection is in autocommit, so that there is a moment between
 * a statement and its commit. Thread-safe.
 */
public final class FaultyDataSource implements DataSource {
    /** Follows the name of a claim of suspects. */
    public static final String OF_SUSPECTS = " of suspects";

    private static final Pattern HEADER = Pattern.compile("^-- ([a-z_]+):");

    private final DataSource real;
    private final List<Trap> traps = new CopyOnWriteArrayList<>();
    private final Map<String, AtomicInteger> executions = new ConcurrentHashMap<>();
    private volatile CountDownLatch frozen = new CountDownLatch(0);
    private volatile boolean down;

    /** Faults between a caller and those connections, which must support {@code abort}. */
    public FaultyDataSource(DataSource real) {
        this.real = real;
    }

    /** One fault that has not struck yet. */
    private static final class Trap {
        final String statement;
        final Moment moment;
        final Fault fault;
        final AtomicInteger left;
        final Predicate<Thread> where;

        Trap(String statement, Moment moment, int occurrence, Fault fault, Predicate<Thread> where) {
            this.statement = statement;
            this.moment = moment;
            this.fault = fault;
            this.left = new AtomicInteger(occurrence);
            this.where = where;
        }

        boolean takes(String name, Moment now) {
            return statement.equals(name)
                    && moment == now
                    && where.test(Thread.currentThread())
                    && left.decrementAndGet() == 0;
        }
    }

    /** Makes the fault strike once, at the n-th execution of that statement from now, counted from 1. */
    public void set(String statement, Moment moment, int occurrence, Fault fault) {
        traps.add(new Trap(statement, moment, occurrence, fault, thread -> true));
    }

    /** Holds the next execution of a statement up. */
    public Hold hold(String statement, Moment moment) {
        Hold hold = new Hold();
        set(statement, moment, 1, hold);
        return hold;
    }

    /** Holds the next execution of a statement up that a thread of this name sends, and lets all others through. */
    public Hold holdOn(String thread, String statement, Moment moment) {
        Hold hold = new Hold();
        traps.add(new Trap(
                statement, moment, 1, hold, current -> current.getName().equals(thread)));
        return hold;
    }

    /**
     * Stops every statement and commit of every connection, as if this process stood still, until {@link #thaw}. A statement
     * that has reached the server and commits by itself does so.
     */
    public void freeze() {
        frozen = new CountDownLatch(1);
    }

    /** Ends a freeze. */
    public void thaw() {
        frozen.countDown();
    }

    /** Loses every connection and refuses new ones, until {@link #up}. */
    public void down() {
        down = true;
    }

    /** Ends what {@link #down} began. */
    public void up() {
        down = false;
    }

    /** Whether every fault that was set has struck. */
    public boolean allStruck() {
        return traps.stream().allMatch(trap -> trap.left.get() <= 0);
    }

    /** How often a statement has been sent. */
    public int executions(String statement) {
        AtomicInteger count = executions.get(statement);
        return count == null ? 0 : count.get();
    }

    /** How many statements have been sent, whatever their name. */
    public int allExecutions() {
        return executions.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    /** How often each statement has been sent. */
    public Map<String, Integer> executionsByName() {
        Map<String, Integer> byName = new TreeMap<>();
        executions.forEach((name, count) -> byName.put(name, count.get()));
        return byName;
    }

    private void reach(String statement, Moment moment, Link link) throws SQLException {
        if (moment == Moment.BEFORE) {
            executions.computeIfAbsent(statement, name -> new AtomicInteger()).incrementAndGet();
        }
        if (down) {
            Fault.cut().strike(link.physical);
        }
        // Each of them counts this time, before one of them strikes.
        for (Trap trap :
                traps.stream().filter(trap -> trap.takes(statement, moment)).toList()) {
            link.taken |= trap.fault.takesTheConnection();
            trap.fault.strike(link.physical);
        }
        if (moment != Moment.BEFORE_COMMIT || !link.autoCommit) {
            awaitThaw();
        }
    }

    private void awaitThaw() {
        boolean interrupted = false;
        while (true) {
            try {
                frozen.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Connection getConnection() throws SQLException {
        awaitThaw();
        if (down) {
            throw new SQLException("Connection refused", "08001");
        }
        Connection physical = real.getConnection();
        physical.setAutoCommit(false);
        return proxy(Connection.class, new Link(physical));
    }

    @SuppressWarnings("unchecked")
    private static <T> T proxy(Class<T> type, java.lang.reflect.InvocationHandler handler) {
        return (T) Proxy.newProxyInstance(FaultyDataSource.class.getClassLoader(), new Class<?>[] {type}, handler);
    }

    static Object call(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** One connection; confined to the thread that has borrowed it, but for abort. */
    private final class Link implements java.lang.reflect.InvocationHandler {
        private final Connection physical;
        private final List<String> uncommitted = new CopyOnWriteArrayList<>();
        private boolean autoCommit = true;
        private boolean taken;

        Link(Connection physical) {
            this.physical = physical;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            if (taken && (method.getReturnType() == void.class)) {
                return null;
            }
            return switch (method.getName()) {
                case "getAutoCommit" -> autoCommit;
                case "setAutoCommit" -> {
                    boolean wanted = (Boolean) arguments[0];
                    if (wanted && !autoCommit) {
                        commit();
                    }
                    autoCommit = wanted;
                    yield null;
                }
                case "commit" -> {
                    commit();
                    yield null;
                }
                case "rollback" -> {
                    uncommitted.clear();
                    yield call(physical, method, arguments);
                }
                case "prepareStatement" -> {
                    PreparedStatement statement = (PreparedStatement) call(physical, method, arguments);
                    yield proxy(PreparedStatement.class, new Statement(this, statement, nameOf((String) arguments[0])));
                }
                default -> call(physical, method, arguments);
            };
        }

        Object execute(String name, PreparedStatement statement, Method method, Object[] arguments) throws Throwable {
            reach(name, Moment.BEFORE, this);
            Object answer;
            try {
                answer = call(statement, method, arguments);
            } catch (SQLException e) {
                if (autoCommit && !taken && !physical.isClosed()) {
                    physical.rollback(); // as a statement of its own would have been
                }
                throw e;
            }
            uncommitted.add(name);
            if (autoCommit) {
                commit();
            } else {
                reach(name, Moment.EXECUTED, this);
            }
            return answer;
        }

        private void commit() throws SQLException {
            List<String> names = List.copyOf(uncommitted);
            uncommitted.clear();
            for (String name : names) {
                reach(name, Moment.BEFORE_COMMIT, this);
            }
            physical.commit();
            for (String name : names) {
                reach(name, Moment.AFTER_COMMIT, this);
            }
        }
    }

    /** A statement of a {@link Link}; confined to the thread that has borrowed it. */
    private static final class Statement implements java.lang.reflect.InvocationHandler {
        private final Link link;
        private final PreparedStatement real;
        private final String name;
        private boolean ofSuspects;

        Statement(Link link, PreparedStatement real, String name) {
            this.link = link;
            this.real = real;
            this.name = name;
        }

        @Override
        public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            if (method.getName().startsWith("execute")) {
                return link.execute(ofSuspects ? name + OF_SUSPECTS : name, real, method, arguments);
            }
            if (name.startsWith("claim") && method.getName().startsWith("set") && arguments.length > 1) {
                ofSuspects |= isNegative(arguments[1]);
            }
            return call(real, method, arguments);
        }

        private static boolean isNegative(Object lanes) {
            String first = String.valueOf(lanes instanceof Object[] array && array.length > 0 ? array[0] : lanes);
            return (lanes instanceof Integer || lanes instanceof Array || lanes instanceof Object[])
                    && (first.startsWith("-") || first.startsWith("{-") || first.startsWith("{\"-"));
        }
    }

    private static String nameOf(String sql) {
        Matcher header = HEADER.matcher(sql);
        return header.find() ? header.group(1) : "";
    }

    @Override
    public Connection getConnection(String user, String password) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PrintWriter getLogWriter() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setLogWriter(PrintWriter out) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setLoginTimeout(int seconds) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int getLoginTimeout() {
        return 0;
    }

    @Override
    public Logger getParentLogger() {
        return Logger.getGlobal();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        throw new SQLException("not a wrapper for " + type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
        return false;
    }
}
