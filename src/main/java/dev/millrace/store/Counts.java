package dev.millrace.store;

import dev.millrace.event.EventStatus;
import java.util.EnumMap;
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

    Map<EventStatus, Long> read(Handle handle, int flow) {
        Map<EventStatus, Long> counts = new EnumMap<>(EventStatus.class);
        EventStatus.all().forEach(status -> counts.put(status, 0L));
        handle.createQuery(database.sql("counts"))
                .bind("flow", flow)
                .map((row, context) -> Map.entry(EventStatus.ofCode(row.getInt("status")), row.getLong("n")))
                .forEach(count -> counts.put(count.getKey(), count.getValue()));
        return counts;
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
