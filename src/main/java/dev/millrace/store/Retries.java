package dev.millrace.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Json;
import dev.millrace.event.RetryFilter;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

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
        Map<EventStatus, Long> last = last(flow, filter);
        long appended = 0;
        for (EventStatus status : EventStatus.all()) {
            Long end = last.get(status);
            long place = Long.MIN_VALUE;
            while (end != null && place < end && appended < filter.limit()) {
                Stretch stretch = new Stretch(flow, status, place, end, filter.limit() - appended);
                Looked looked = database.inTransaction(handle -> retry(handle, stretch, filter));
                appended += looked.appended();
                if (looked.appended() > 0) {
                    whenStored.run();
                }
                place = looked.more() ? looked.place() : end;
            }
        }
        return appended;
    }

    /** What to look at next. */
    private record Stretch(int flow, EventStatus status, long after, long last, long most) {}

    /** What came of that. */
    private record Looked(boolean more, long place, int appended) {}

    private static @Nullable String text(@Nullable Instant time) {
        return time == null ? null : time.toString();
    }

    private Map<EventStatus, Long> last(int flow, RetryFilter filter) {
        return database
                .once(handle -> database.planned(handle, "retry_last")
                        .bind("flow", flow)
                        .bind("statuses", Binds.smallints(filter.statuses(), EventStatus::ordinal))
                        .map((row, context) ->
                                Map.entry(EventStatus.ofCode(row.getInt("status")), row.getLong("position")))
                        .list())
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private Looked retry(Handle handle, Stretch stretch, RetryFilter filter) {
        int window = Math.min(WINDOW, limits.room(handle, stretch.flow()));
        return database.planned(handle, "retry_all")
                .bind("flow", stretch.flow())
                .bind("status", stretch.status().ordinal())
                .bind("after", stretch.after())
                .bind("last", stretch.last())
                .bind("window", window)
                .bind("most", Math.min(WINDOW, stretch.most()))
                .bind("types", Binds.texts(filter.types(), type -> type))
                .bind("retryable", filter.retryable())
                .bind("since", Binds.text(text(filter.since())))
                .bind("until", Binds.text(text(filter.until())))
                .bind("error", Binds.text(filter.error()))
                .map((row, context) ->
                        new Looked(row.getInt("seen") == window, row.getLong("place"), row.getInt("appended")))
                .one();
    }
}
