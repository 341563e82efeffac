package dev.millrace.store;

import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * Ends many events that have not ended, in transactions of at most {@link #WINDOW}. First window by window, past rows that others
 * have locked; then those that are left one by one, which waits for the others. Thread-safe.
 */
public final class Sweeps {
    /** Events ended in one statement and transaction. */
    static final int WINDOW = 1_000;

    private final Database database;

    Sweeps(Database database) {
        this.database = database;
    }

    /** The tables to walk through, in the order in which an event goes. */
    private enum Stage {
        READY,
        SCHEDULED,
        RUNNING
    }

    /** What is swept: what is appended from now on is not. */
    private record Sweep(int flow, EventStatus status, EventFilter filter, String lanes, long last) {
        List<Stage> stages() {
            return status == EventStatus.CANCELLED
                    ? List.of(Stage.READY, Stage.SCHEDULED, Stage.RUNNING)
                    : List.of(Stage.READY, Stage.SCHEDULED);
        }
    }

    /** Where in a stage to go on. */
    private record At(
            @Nullable Integer lane,
            @Nullable Double priority,
            @Nullable Instant due,
            @Nullable Long place) {
        static final At START = new At(null, null, null, null);
    }

    private record Swept(Moved moved, At at) {}

    /**
     * Ends the events that fit: as cancelled also those that run, as skipped those that are pending. What is appended meanwhile is
     * left, so it ends.
     *
     * @param error JSON text, stored with each
     * @param whenEnded told of each that a window ended, after the commit
     * @param endOne ends one event wherever it is now, and tells of it; false if it has ended or may not be
     * @return how many this call ended
     */
    public long end(
            int flow,
            EventStatus status,
            String error,
            EventFilter filter,
            Consumer<Moved> whenEnded,
            Predicate<UUID> endOne) {
        Sweep sweep = database.once(handle -> begin(handle, flow, status, filter));
        long ended = 0;
        for (Stage stage : sweep.stages()) {
            At at = At.START;
            while (at != null && ended < filter.limit()) {
                int window = (int) Math.min(WINDOW, filter.limit() - ended);
                At from = at;
                List<Swept> swept = database.once(handle -> window(handle, sweep, error, stage, from, window));
                swept.forEach(one -> whenEnded.accept(one.moved()));
                ended += swept.size();
                at = swept.size() < window ? null : swept.getLast().at();
            }
        }
        return ended + endLeft(sweep, filter.limit() - ended, endOne);
    }

    private long endLeft(Sweep sweep, long most, Predicate<UUID> endOne) {
        long ended = 0;
        List<UUID> open = List.of();
        do {
            for (UUID id : open) {
                if (ended == most) {
                    return ended;
                }
                ended += endOne.test(id) ? 1 : 0;
            }
            open = ended == most ? List.of() : database.once(handle -> open(handle, sweep));
        } while (!open.isEmpty());
        return ended;
    }

    private Sweep begin(Handle handle, int flow, EventStatus status, EventFilter filter) {
        return database.planned(handle, "open_filter")
                .bind("flow", flow)
                .bind("types", Binds.texts(filter.types(), type -> type))
                .map((row, context) -> new Sweep(flow, status, filter, row.getString("lanes"), row.getLong("last")))
                .one();
    }

    private List<Swept> window(Handle handle, Sweep sweep, String error, Stage stage, At from, int window) {
        return bound(database.planned(handle, "end_many"), sweep)
                .bind("error", error)
                .bind("stage", stage.ordinal())
                .bind("after_lane", from.lane())
                .bind("after_priority", from.priority())
                .bind("after_time", Binds.time(from.due()))
                .bind("after_place", from.place())
                .bind("window", window)
                .map((row, context) -> new Swept(Moved.of(row), at(row)))
                .list();
    }

    private static At at(ResultSet row) throws SQLException {
        return new At(
                row.getInt("lane"), row.getDouble("priority"), StoredEvent.instant(row, "due"), row.getLong("place"));
    }

    private List<UUID> open(Handle handle, Sweep sweep) {
        return bound(database.planned(handle, "open_events"), sweep)
                .mapTo(UUID.class)
                .list();
    }

    private static Query bound(Query query, Sweep sweep) {
        EventFilter filter = sweep.filter();
        return query.bind("code", sweep.status().ordinal())
                .bind("flow", sweep.flow())
                .bind("lanes", sweep.lanes())
                .bind("since", Binds.time(filter.appendedSince()))
                .bind("until", Binds.time(filter.appendedUntil()))
                .bind("lowest", filter.lowest())
                .bind("highest", filter.highest())
                .bind("last", sweep.last());
    }
}
