package dev.millrace.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.Json;
import dev.millrace.event.RetryFilter;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jdbi.v3.core.Handle;

/** The attempts at an event, and appending again what has ended. Thread-safe. */
public final class Retries {
    /** Events looked at in one statement, and so appended in one transaction. */
    static final int WINDOW = 1_000;

    private final Database database;
    private final FlowLimits limits;

    Retries(Database database, FlowLimits limits) {
        this.database = database;
        this.limits = limits;
    }

    /** The attempts at an event, in order. */
    public List<EventAttempt> attempts(int flow, UUID id) {
        return database.once(handle -> database.planned(handle, "attempts")
                .bind("flow", flow)
                .bind("id", id)
                .map((row, context) -> attempt(row))
                .list());
    }

    private static EventAttempt attempt(ResultSet row) throws SQLException {
        String error = row.getString("error");
        JsonNode parsed = error == null ? null : Json.parse(error);
        return new EventAttempt(
                row.getInt("attempt"),
                EventAttempt.Result.ofWireName(row.getString("result")),
                row.getObject("worker", UUID.class),
                Objects.requireNonNull(StoredEvent.instant(row, "started_at")),
                StoredEvent.instant(row, "finished_at"),
                StoredEvent.seconds(StoredEvent.number(row, "duration")),
                parsed);
    }

    /**
     * Appends one event again, under that id.
     *
     * @return false if the flow has no such event that has ended
     */
    public boolean retry(int flow, UUID id, UUID fresh) {
        return database.inTransaction(handle -> {
            limits.refuseOverflow(handle, flow, 1);
            return database.planned(handle, "retry")
                    .bind("flow", flow)
                    .bind("id", id)
                    .bind("fresh", fresh)
                    .mapTo(UUID.class)
                    .findOne()
                    .isPresent();
        });
    }

    /**
     * Appends those that fit again and have not been, status by status in order of arrival, in transactions of at most
     * {@link #WINDOW}. What ends meanwhile is left for another time, so it ends.
     *
     * @param whenStored hears of each commit that appended something
     * @return how many were appended
     */
    public long retryAll(int flow, RetryFilter filter, Runnable whenStored) {
        long appended = 0;
        for (EndedRange range : ranges(flow, filter)) {
            long place = range.first();
            while (place <= range.last() && appended < filter.limit()) {
                Stretch stretch = new Stretch(flow, range.from(place), filter.limit() - appended);
                Looked looked = database.inTransaction(handle -> retry(handle, stretch, filter));
                appended += looked.appended();
                if (looked.appended() > 0) {
                    whenStored.run();
                }
                if (!looked.more()) {
                    break;
                }
                place = looked.next();
            }
        }
        return appended;
    }

    /** What to look at next. */
    private record Stretch(int flow, EndedRange range, long most) {}

    /** What came of that. */
    private record Looked(boolean more, long next, int appended) {}

    private List<EndedRange> ranges(int flow, RetryFilter filter) {
        return database.once(handle -> EndedRange.read(database, handle, flow, filter.statuses(), filter.since()));
    }

    private Looked retry(Handle handle, Stretch stretch, RetryFilter filter) {
        int window = Math.min(WINDOW, limits.room(handle, stretch.flow()));
        EndedRange range = stretch.range();
        return database.planned(handle, "retry_all")
                .bind("flow", stretch.flow())
                .bind("status", range.status().ordinal())
                .bind("first", range.first())
                .bind("last", range.last())
                .bind("window", window)
                .bind("most", (int) Math.min(window, stretch.most()))
                .bind("types", Binds.texts(filter.types(), type -> type))
                .bind("retryable", filter.retryable())
                .bind("since", Binds.time(filter.since()))
                .bind("until", Binds.time(filter.until()))
                .bind("error", Binds.text(filter.error()))
                .map((row, context) ->
                        new Looked(row.getInt("seen") == window, row.getLong("next"), row.getInt("appended")))
                .one();
    }
}
