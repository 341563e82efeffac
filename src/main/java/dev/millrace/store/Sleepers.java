package dev.millrace.store;

import java.util.Collection;
import java.util.List;
import java.util.Set;
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
     * One queue of a flow.
     *
     * @param lane the number of a type's queue; negated, its queue of events with a death on them
     */
    public record Lane(int flow, int lane) {}

    /**
     * Has a worker notified of what is added to a flow from now on.
     *
     * @param flow its number, or {@link #SCHEDULE}
     * @return false if the worker is not registered any more
     */
    public boolean declare(int flow, UUID worker) {
        return declare(List.of(flow), worker);
    }

    /** As {@link #declare(int, UUID)}, for many flows by one statement. */
    public boolean declare(Collection<Integer> flows, UUID worker) {
        return update("sleeper_declare", flows, worker) == flows.size();
    }

    /** Ends that; harmless if it never was. */
    public void withdraw(int flow, UUID worker) {
        withdraw(List.of(flow), worker);
    }

    /** As {@link #withdraw(int, UUID)}, for many flows by one statement. */
    public void withdraw(Collection<Integer> flows, UUID worker) {
        int unused = update("sleeper_withdraw", flows, worker);
    }

    private int update(String name, Collection<Integer> flows, UUID worker) {
        return database.onceOnly(handle -> handle.createUpdate(database.sql(name))
                .bind("flows", Binds.integers(flows, value -> value))
                .bind("worker", worker)
                .execute());
    }

    /** Which of these lanes have something that may be claimed; one statement, however many there are. */
    public Set<Integer> due(Collection<Lane> lanes) {
        return database.onceOnly(handle -> database.planned(handle, "due_lanes")
                .bind("flows", Binds.integers(lanes, Lane::flow))
                .bind("lanes", Binds.integers(lanes, Lane::lane))
                .mapTo(Integer.class)
                .set());
    }
}
