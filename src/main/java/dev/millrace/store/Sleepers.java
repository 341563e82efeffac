package dev.millrace.store;

import java.util.Collection;
import java.util.UUID;

/** Which workers wait to be notified of what. Only background work asks, and it looks again by itself. Thread-safe. */
public final class Sleepers {
    /** In place of a flow's number: who waits for what is scheduled, of any flow. */
    public static final int SCHEDULE = 0;

    private final Database database;

    /** The sleepers of that database. */
    public Sleepers(Database database) {
        this.database = database;
    }

    /**
     * Has a worker notified of what is added to a flow from now on.
     *
     * @param flow its number, or {@link #SCHEDULE}
     * @return false if the worker is not registered any more
     */
    public boolean declare(int flow, UUID worker) {
        return update("sleeper_declare", flow, worker) == 1;
    }

    /** Ends that; harmless if it never was. */
    public void withdraw(int flow, UUID worker) {
        int unused = update("sleeper_withdraw", flow, worker);
    }

    private int update(String name, int flow, UUID worker) {
        return database.onceOnly(handle -> handle.createUpdate(database.sql(name))
                .bind("flow", flow)
                .bind("worker", worker)
                .execute());
    }

    /** Whether anything in these lanes of a flow is due and may be claimed, to see whether a claim is worth its while. */
    public boolean isDue(int flow, Collection<Integer> lanes) {
        return database.onceOnly(handle -> database.planned(handle, "due_left")
                .bind("flow", flow)
                .bind("lanes", Binds.integers(lanes, value -> value))
                .mapTo(Boolean.class)
                .one());
    }
}
