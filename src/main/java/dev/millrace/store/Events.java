package dev.millrace.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Execution;
import dev.millrace.event.Json;
import dev.millrace.event.Progress;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.Waiting;
import dev.millrace.store.Place.Order;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jdbi.v3.core.statement.StatementContext;
import org.jspecify.annotations.Nullable;

/** Reads events and how they are doing, by id and page by page. Thread-safe. */
public final class Events {
    private static final int CLEAN_UP_BATCH = 1_000;

    private final Database database;

    /** The events of that database. */
    public Events(Database database) {
        this.database = database;
    }

    /** A stretch of a progression and the place after it; null at the end. */
    public record Page(List<StoredEvent> events, @Nullable Place next) {}

    private record Placed(StoredEvent event, Place place) {}

    /** One event of the flow. */
    public Optional<StoredEvent> find(int flow, UUID id) {
        return find(flow, List.of(id)).stream().findFirst();
    }

    /** Those of these events that the flow has, in no particular order, all at one moment. */
    public List<StoredEvent> find(int flow, Collection<UUID> ids) {
        return database.once(handle -> find(handle, flow, ids));
    }

    /** As {@link #find(int, Collection)}, once: for background work, which asks again. */
    public List<StoredEvent> findOnce(int flow, Collection<UUID> ids) {
        return database.onceOnly(handle -> find(handle, flow, ids));
    }

    private List<StoredEvent> find(Handle handle, int flow, Collection<UUID> ids) {
        return database.planned(handle, "find")
                .bind("flow", flow)
                .bind("ids", Binds.uuids(List.copyOf(ids)))
                .map(Events::read)
                .list();
    }

    /** An event that is awaited, in the flow where it should be. */
    public record Awaited(int flow, UUID id) {}

    /**
     * Those of these events whose waiting is over: true for one that has ended, false for one that its flow does not have. Asked
     * by background work, which asks again.
     */
    public Map<Awaited, Boolean> settled(Collection<Awaited> asked) {
        Map<Awaited, Boolean> over = new HashMap<>();
        database.onceOnly(handle -> database.planned(handle, "settled")
                        .bind("ids", Binds.uuids(asked, Awaited::id))
                        .bind("flows", Binds.integers(asked, Awaited::flow))
                        .map((row, context) -> Map.entry(
                                new Awaited(row.getInt("flow"), row.getObject("id", UUID.class)),
                                row.getBoolean("ended")))
                        .list())
                .forEach(entry -> over.put(entry.getKey(), entry.getValue()));
        return over;
    }

    /** Up to {@code limit} members of a status progression after a place in it, in its order. */
    public Page page(int flow, EventStatus status, Place after, int limit) {
        boolean fits = after.isIn(order(status)) || (status == EventStatus.PENDING && after.isIn(Order.TIME));
        if (!fits) {
            throw new IllegalArgumentException(
                    "not a cursor of a page of %s events: '%s'".formatted(status, after.encode()));
        }
        return database.once(handle -> page(handle, flow, status, after, limit));
    }

    private static Order order(EventStatus status) {
        return switch (status) {
            case PENDING -> Order.PRIORITY;
            case PROCESSING -> Order.TIME;
            case COMPLETED, FAILED, CANCELLED, SKIPPED, ABORTED -> Order.ARRIVAL;
        };
    }

    Page page(Handle handle, int flow, EventStatus status, Place after, int limit) {
        return switch (order(status)) {
            case PRIORITY -> pendingPage(handle, flow, after, limit);
            case TIME -> page(rows(handle, "page_running", Order.TIME, flow, after, limit), limit);
            case ARRIVAL -> page(arrived(handle, flow, status, after, limit), limit);
        };
    }

    private Page pendingPage(Handle handle, int flow, Place after, int limit) {
        List<Placed> rows = new ArrayList<>();
        boolean due = after.isIn(Order.PRIORITY);
        if (due) {
            rows.addAll(rows(handle, "page_ready", Order.PRIORITY, flow, after, limit));
        }
        if (rows.size() < limit) {
            Place from = due ? Place.START : after;
            rows.addAll(rows(handle, "page_scheduled", Order.TIME, flow, from, limit - rows.size()));
        }
        return page(rows, limit);
    }

    private static Page page(List<Placed> rows, int limit) {
        Place next = rows.size() < limit ? null : rows.getLast().place();
        return new Page(rows.stream().map(Placed::event).toList(), next);
    }

    private List<Placed> arrived(Handle handle, int flow, EventStatus status, Place after, int limit) {
        return database.planned(handle, "page_outcome")
                .bind("flow", flow)
                .bind("status", status.ordinal())
                .bind("minor", after.minor())
                .bind("limit", limit)
                .map((row, context) ->
                        new Placed(read(row, context), new Place(Order.ARRIVAL, "", row.getLong("place_minor"))))
                .list();
    }

    private List<Placed> rows(Handle handle, String statement, Order order, int flow, Place after, int limit) {
        return database.planned(handle, statement)
                .bind("flow", flow)
                .bind("major", after.major())
                .bind("minor", after.minor())
                .bind("limit", limit)
                .map((row, context) ->
                        new Placed(read(row, context), new Place(order, major(row, order), row.getLong("place_minor"))))
                .list();
    }

    /** Up to {@code limit} events of a terminal progression before a place in it, the newest first; null for the last place. */
    public Page latest(int flow, EventStatus status, @Nullable Place before, int limit) {
        if (order(status) != Order.ARRIVAL) {
            throw new IllegalArgumentException("%s events have no newest first: page them with page".formatted(status));
        }
        if (before != null && !before.isIn(Order.ARRIVAL)) {
            throw new IllegalArgumentException(
                    "not a cursor of a page of %s events: '%s'".formatted(status, before.encode()));
        }
        List<Placed> rows = database.once(handle -> database.planned(handle, "page_latest")
                .bind("flow", flow)
                .bind("status", status.ordinal())
                .bind("minor", before == null ? Long.MAX_VALUE : before.minor())
                .bind("limit", limit)
                .map((row, context) ->
                        new Placed(read(row, context), new Place(Order.ARRIVAL, "", row.getLong("place_minor"))))
                .list());
        return page(rows, limit);
    }

    /**
     * Up to {@code limit} events that ended without success and fit, the last that ended first.
     *
     * @param before a place in that order; null for the first
     */
    public Page failures(int flow, RetryFilter filter, @Nullable Place before, int limit) {
        if (before != null && !before.isIn(Order.TIME)) {
            throw new IllegalArgumentException("not a cursor of a page of failures: '%s'".formatted(before.encode()));
        }
        List<Placed> rows = database.once(handle -> fits(database.planned(handle, "failures"), flow, filter)
                .bind("major", before == null ? "infinity" : before.major())
                .bind("minor", before == null ? Long.MAX_VALUE : before.minor())
                .bind("limit", limit)
                .map((row, context) -> new Placed(
                        read(row, context), new Place(Order.TIME, major(row, Order.TIME), row.getLong("place_minor"))))
                .list());
        return page(rows, limit);
    }

    /** How many events ended without success and fit; the filter's limit is not asked. */
    public long countFailures(int flow, RetryFilter filter) {
        return database.once(handle -> fits(database.planned(handle, "count_failures"), flow, filter)
                .mapTo(Long.class)
                .one());
    }

    private static Query fits(Query query, int flow, RetryFilter filter) {
        return query.bind("flow", flow)
                .bind("statuses", Binds.smallints(filter.statuses(), EventStatus::ordinal))
                .bind("types", Binds.texts(filter.types(), type -> type))
                .bind("retryable", filter.retryable())
                .bind("since", Binds.time(filter.since()))
                .bind("until", Binds.time(filter.until()))
                .bind("error", Binds.text(filter.error()));
    }

    /** Times are not made into seconds: a float8 cannot tell microseconds apart in every century. */
    private static String major(ResultSet row, Order order) throws SQLException {
        return order == Order.PRIORITY
                ? Double.toString(row.getDouble("place_major"))
                : String.valueOf(StoredEvent.instant(row, "place_major"));
    }

    /** What an event's last streaming attempt emitted, from an index on, as JSON text in order. */
    public List<String> chunks(UUID id, int from, int limit) {
        return database.once(handle -> database.planned(handle, "chunks")
                .bind("id", id)
                .bind("from", from)
                .bind("limit", limit)
                .map((row, context) -> row.getString("value"))
                .list());
    }

    /** How far the handler of an event is, by its own word; empty if it said nothing, or the flow does not have it. */
    public Optional<Progress> progress(int flow, UUID id) {
        return database.once(handle -> database.planned(handle, "progress")
                .bind("flow", flow)
                .bind("id", id)
                .map((row, context) -> new Progress(
                        row.getInt("attempt"),
                        row.getDouble("fraction"),
                        row.getString("message"),
                        row.getObject("told_at", OffsetDateTime.class).toInstant()))
                .findOne());
    }

    /**
     * Removes settled events of these statuses for good that ended at least so long ago, in order of arrival and in transactions
     * of at most {@link #CLEAN_UP_BATCH}. What ends meanwhile is left, so it ends.
     *
     * @param age by the database's clock; zero for all
     * @return how many were removed
     */
    public long cleanUp(int flow, Set<EventStatus> statuses, Duration age) {
        List<EndedRange> ranges = database.once(handle -> EndedRange.read(database, handle, flow, statuses, null));
        long removed = 0;
        for (EndedRange range : ranges) {
            EndedRange rest = range;
            while (rest != null) {
                EndedRange next = rest;
                Cleaned cleaned = database.once(handle -> cleanUp(handle, flow, next, age));
                removed += cleaned.removed();
                rest = cleaned.more() ? rest.from(cleaned.next()) : null;
            }
        }
        cleanUpKeys(flow);
        return removed;
    }

    /** What came of one window. */
    private record Cleaned(boolean more, long next, int removed) {}

    private Cleaned cleanUp(Handle handle, int flow, EndedRange range, Duration age) {
        return database.planned(handle, "clean_up")
                .bind("flow", flow)
                .bind("status", range.status().ordinal())
                .bind("first", range.first())
                .bind("last", range.last())
                .bind("older_than", Settlements.seconds(age))
                .bind("window", CLEAN_UP_BATCH)
                .map((row, context) -> new Cleaned(
                        row.getInt("seen") == CLEAN_UP_BATCH && row.getInt("aged") > 0, // what comes after ended later
                        row.getLong("next"),
                        row.getInt("removed")))
                .one();
    }

    private void cleanUpKeys(int flow) {
        int batch;
        do {
            batch = database.once(handle -> database.planned(handle, "clean_up_keys")
                    .bind("flow", flow)
                    .bind("batch", CLEAN_UP_BATCH)
                    .mapTo(Integer.class)
                    .one());
        } while (batch == CLEAN_UP_BATCH);
    }

    static StoredEvent read(ResultSet row, StatementContext context) throws SQLException {
        return StoredEvent.facts(
                row,
                new Execution(
                        EventStatus.ofCode(row.getInt("status")),
                        row.getInt("attempt"),
                        StoredEvent.instant(row, "started_at"),
                        StoredEvent.instant(row, "finished_at"),
                        StoredEvent.seconds(StoredEvent.number(row, "duration")),
                        json(row.getString("response")),
                        json(row.getString("error")),
                        (Boolean) row.getObject("retryable")),
                waiting(row));
    }

    private static @Nullable Waiting waiting(ResultSet row) throws SQLException {
        Double priority = StoredEvent.number(row, "waiting_priority");
        return priority == null
                ? null
                : new Waiting(priority, row.getInt("denials"), StoredEvent.instant(row, "due_at"));
    }

    private static @Nullable JsonNode json(@Nullable String text) {
        return text == null ? null : Json.parse(text);
    }
}
