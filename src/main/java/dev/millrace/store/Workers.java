package dev.millrace.store;

import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * Registrations of worker processes and their leases, by the database's clock. Renewal goes over a connection of its own
 * and is confined to one thread; everything else is thread-safe.
 */
public final class Workers implements AutoCloseable {
    private final Database database;
    private final OwnConnection renewing;
    private final String renew;

    /**
     * The workers of that database.
     *
     * @param renewals where the connection for renewals comes from; one is kept
     * @param bound how long a renewal may wait for its answer
     */
    public Workers(Database database, DataSource renewals, Duration bound) {
        this.database = database;
        this.renewing = new OwnConnection(renewals, bound);
        this.renew =
                database.sql("worker_renew").replace(":lease", "?").replace(":id", "?"); // in this order, once each
    }

    /** A registered process. */
    public record Registered(UUID id, String host, long pid) {}

    /** What a rescue did: how many workers it found dead, and how many events it took back or aborted. */
    public record Rescued(int workers, int events, int aborted) {}

    /** Registers a process under a fresh id. */
    public void register(Registered worker, String version, Duration lease) {
        database.onceOnly(handle -> handle.createUpdate(database.sql("worker_register"))
                .bind("id", worker.id())
                .bind("host", worker.host())
                .bind("pid", worker.pid())
                .bind("version", version)
                .bind("lease", Settlements.seconds(lease))
                .execute());
    }

    /**
     * Prolongs a lease from now.
     *
     * @return false if the registration is gone
     */
    public boolean renew(UUID worker, Duration lease) {
        try {
            return renewing.once(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(renew)) {
                    statement.setObject(1, Settlements.seconds(lease));
                    statement.setObject(2, worker);
                    return statement.executeUpdate() == 1;
                }
            });
        } catch (java.sql.SQLException e) {
            throw SqlErrors.unchecked("the lease could not be renewed", e);
        }
    }

    /** Takes a registration out, unless claims of it are left. */
    public boolean leave(UUID worker) {
        return database.onceOnly(handle -> handle.createUpdate(database.sql("worker_leave"))
                        .bind("id", worker)
                        .execute()
                == 1);
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
     * @param maxCrashes deaths that abort an event
     */
    public Rescued rescue(UUID rescuer, Duration lease, int maxCrashes) {
        return database.onceOnly(handle -> handle.createQuery(database.sql("rescue"))
                .bind("rescuer", rescuer)
                .bind("lease", Settlements.seconds(lease))
                .bind("max_crashes", maxCrashes)
                .map((row, context) -> new Rescued(row.getInt("workers"), row.getInt("events"), row.getInt("aborted")))
                .one());
    }

    /** Takes back everything a process that is certainly gone still holds; says how much it was. */
    public int takeBack(UUID worker) {
        return database.once(handle -> handle.createQuery(database.sql("take_back"))
                .bind("id", worker)
                .mapTo(Integer.class)
                .one());
    }

    /** Lets the connection for renewals go. */
    @Override
    public void close() {
        renewing.close();
    }
}
