package dev.millrace.store;

import dev.millrace.event.EventStatus;
import dev.millrace.event.PendingCounts;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/** Exact numbers of events by status, at the same cost for a hundred and for a hundred million. Thread-safe. */
public final class Counts {
    /** Deltas added up in one statement. */
    public static final int FOLD_BATCH = 10_000;

    private final Database database;

    /** The counts of that database. */
    public Counts(Database database) {
        this.database = database;
    }

    /** How many events of the flow are in each of the seven statuses, zeros included, at one moment. */
    public Map<EventStatus, Long> read(int flow) {
        return database.once(handle -> read(handle, flow));
    }

    /** How many pending events of the flow are due and how many are scheduled, at one moment. */
    public PendingCounts pending(int flow) {
        return database.once(handle -> rows(handle, flow)).stream()
                .filter(count -> count.status() == EventStatus.PENDING)
                .findFirst()
                .map(count -> new PendingCounts(count.n() - count.scheduled(), count.scheduled()))
                .orElse(new PendingCounts(0, 0));
    }

    Map<EventStatus, Long> read(Handle handle, int flow) {
        Map<EventStatus, Long> counts = new EnumMap<>(EventStatus.class);
        EventStatus.all().forEach(status -> counts.put(status, 0L));
        rows(handle, flow).forEach(count -> counts.put(count.status(), count.n()));
        return counts;
    }

    /** The number of events in a status, and how many of those are scheduled. */
    private record Count(EventStatus status, long n, long scheduled) {}

    private List<Count> rows(Handle handle, int flow) {
        return handle.createQuery(database.sql("counts"))
                .bind("flow", flow)
                .map((row, context) ->
                        new Count(EventStatus.ofCode(row.getInt("status")), row.getLong("n"), row.getLong("scheduled")))
                .list();
    }

    /**
     * Puts the counts of a flow right, exactly, while events are appended and run.
     *
     * @return by how many events they were wrong in all
     */
    public long recount(int flow) {
        return database.once(handle -> handle.createQuery(database.sql("recount"))
                .bind("flow", flow)
                .mapTo(Long.class)
                .one());
    }

    /**
     * Adds up deltas of all flows, one batch.
     *
     * @return how many; there may be more if it is {@link #FOLD_BATCH}
     */
    public int fold() {
        return database.onceOnly(handle -> handle.createQuery(database.sql("fold_counts"))
                .bind("batch", FOLD_BATCH)
                .mapTo(Integer.class)
                .one());
    }
}
