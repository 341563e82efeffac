package dev.millrace.store;

import dev.millrace.event.ConnectionException;
import dev.millrace.event.EventStatus;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Registrations of worker processes and their leases, by the database's clock. What keeps the own registration goes over a
 * connection of its own and is confined to one thread; everything else is thread-safe.
 */
public final class Workers implements AutoCloseable {
    /** No renewal that was heard of, for {@link #renew(UUID, Duration, boolean, boolean, OffsetDateTime)}. */
    public static final OffsetDateTime NEVER = OffsetDateTime.MIN;

    private static final Pattern BIND = Pattern.compile("(?<![:\\w]):([a-z]+)\\b");

    private final Database database;
    private final UUID channel;
    private final OwnConnection own;
    private volatile Supplier<? extends Collection<Integer>> lanes = List::of;

    /**
     * The workers of that database.
     *
     * @param bound how long a renewal may wait for its connection and for its answer
     */
    public Workers(Database database, Duration bound, UUID channel) {
        this.channel = channel;
        this.database = database;
        this.own = new OwnConnection(
                new DirectConnections(database.dataSource(), database.sessions(), bound, false), bound);
    }

    /** A registered process. */
    public record Registered(UUID id, String host, long pid) {}

    /** What a rescue did: how many workers it found dead, and which events it took back or aborted. */
    public record Rescued(int workers, List<Moved> events) {
        /** How many of the events it aborted. */
        public long aborted() {
            return events.stream()
                    .filter(event -> event.to() == EventStatus.ABORTED)
                    .count();
        }
    }

    /** Sets who says which lanes this process runs. Each registration and renewal from then on stores that. */
    public void runs(Supplier<? extends Collection<Integer>> those) {
        lanes = those;
    }

    private String lanes() {
        return lanes.get().stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    /**
     * Registers this process under a fresh id; repeated while the database is away, each time under another: a registration
     * whose answer was lost may have run out and been taken out by a rescue before the next try, and what was taken for dead
     * must not come back. The lost one holds nothing and runs out.
     */
    public UUID register(String host, long pid, String version, Duration lease) {
        return database.repeated(() -> {
            UUID fresh = UUID.randomUUID();
            register(new Registered(fresh, host, pid), version, lease);
            return fresh;
        });
    }

    /** Registers a process, once. */
    void register(Registered worker, String version, Duration lease) {
        Map<String, Object> binds = Map.of(
                "channel",
                channel,
                "id",
                worker.id(),
                "host",
                worker.host(),
                "pid",
                worker.pid(),
                "version",
                version,
                "lanes",
                lanes(),
                "lease",
                seconds(lease));
        int unused = update("worker_register", binds);
    }

    /**
     * Prolongs a lease from now.
     *
     * @param listening whether the process hears notifications, for people to read
     * @param stopping whether it has been asked to stop: if it is killed from now on, that is no death
     * @return false if the registration is gone
     */
    public boolean renew(UUID worker, Duration lease, boolean listening, boolean stopping) {
        return renew(worker, lease, listening, stopping, NEVER).isPresent();
    }

    /**
     * As the other one.
     *
     * @param seen what the last renewal answered; a registration that was renewed last before that is as good as gone: the
     *     database lost what it had acknowledged
     * @return the moment of this renewal, by the database's clock
     */
    public Optional<OffsetDateTime> renew(
            UUID worker, Duration lease, boolean listening, boolean stopping, OffsetDateTime seen) {
        Map<String, Object> binds = Map.of(
                "seen",
                seen,
                "id",
                worker,
                "lease",
                seconds(lease),
                "listening",
                listening,
                "stopping",
                stopping,
                "lanes",
                lanes());
        return own("worker_renew", binds, statement -> {
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                int timeline = row.getInt("timeline");
                if (!row.wasNull()) { // behind a proxy the server may be another one than the session's first
                    database.sessions().primary().meet(null, timeline);
                }
                return Optional.of(row.getObject("heartbeat_at", OffsetDateTime.class));
            }
        });
    }

    /** Whether a worker is registered. */
    public boolean isRegistered(UUID worker) {
        return own("worker_find", Map.of("id", worker), statement -> {
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        });
    }

    /**
     * Takes a registration out and gives back what it still holds, without a death. Done once more on a fresh connection if
     * the one that was kept turns out to be lost: a server or a firewall may have ended it while it was idle.
     *
     * @return how many events went back
     */
    public int leave(UUID worker) {
        boolean kept = own.isOpen();
        try {
            return update("worker_leave", Map.of("id", worker));
        } catch (ConnectionException e) {
            if (!kept || SqlErrors.isTimeout(e)) {
                throw e;
            }
            return update("worker_leave", Map.of("id", worker));
        }
    }

    private int update(String name, Map<String, Object> binds) {
        return own(name, binds, PreparedStatement::executeUpdate);
    }

    /** Executes a prepared statement. */
    @FunctionalInterface
    private interface Execution<R> {
        R of(PreparedStatement statement) throws SQLException;
    }

    /** Runs a statement on the own connection. */
    private <R> R own(String name, Map<String, Object> binds, Execution<R> execution) {
        String sql = database.sql(name);
        List<Object> values = BIND.matcher(sql)
                .results()
                .map((MatchResult bind) -> binds.get(bind.group(1)))
                .toList();
        try {
            return own.once(connection -> database.written(connection, writable -> {
                try (PreparedStatement statement =
                        writable.prepareStatement(BIND.matcher(sql).replaceAll("?"))) {
                    for (int i = 0; i < values.size(); i++) {
                        statement.setObject(i + 1, values.get(i));
                    }
                    return execution.of(statement);
                }
            }));
        } catch (SQLException e) {
            throw SqlErrors.unchecked(name + " failed", e);
        }
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }

    /** All registrations. */
    public List<Registered> all() {
        return database.once(handle -> handle.createQuery(database.sql("workers"))
                .map((row, context) ->
                        new Registered(row.getObject("id", UUID.class), row.getString("host"), row.getLong("pid")))
                .list());
    }

    /**
     * Takes back what one dead worker, or no registered worker, still holds.
     *
     * @param rescuer who asks; its lease must hold now
     * @param lease for how long it must have been renewed without a gap
     * @param maxCrashes deaths that abort an event which does not say how many itself
     */
    public Rescued rescue(UUID rescuer, Duration lease, int maxCrashes) {
        return database.onceOnly(handle -> handle.createQuery(database.sql("rescue"))
                .bind("rescuer", rescuer)
                .bind("lease", seconds(lease))
                .bind("max_crashes", maxCrashes)
                .scanResultSet((rows, context) -> {
                    int dead = 0;
                    List<Moved> events = new ArrayList<>();
                    ResultSet row = rows.get();
                    while (row.next()) { // at least one, without an event if there was none
                        dead = row.getInt("workers");
                        if (row.getObject("id") != null) {
                            events.add(Moved.of(row));
                        }
                    }
                    return new Rescued(dead, events);
                }));
    }

    /**
     * In which time there may be something to rescue: when the next lease of another worker runs out; zero or less if that is
     * now. Empty if there is no other worker.
     */
    public Optional<Duration> untilRescue(UUID rescuer) {
        return database.onceOnly(handle -> database.planned(handle, "rescue_due")
                .bind("rescuer", rescuer)
                .map((row, context) -> Optional.ofNullable((Double) row.getObject("seconds")))
                .one()
                .map(seconds -> Duration.ofNanos((long) (seconds * 1e9))));
    }

    /** Takes back everything a process that is certainly gone still holds; says how much it was. */
    public int takeBack(UUID worker) {
        return database.once(handle -> handle.createQuery(database.sql("take_back"))
                .bind("id", worker)
                .mapTo(Integer.class)
                .one());
    }

    /** Breaks off a renewal under way, from any thread. */
    public void breakOff() {
        own.breakOff();
    }

    /** Lets the own connection go. */
    @Override
    public void close() {
        own.close();
    }
}
