package dev.millrace.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Execution;
import dev.millrace.event.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
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
        return database.once(handle -> handle.createQuery(database.sql("find"))
                .bind("flow", flow)
                .bind("ids", Binds.uuids(List.copyOf(ids)))
                .map(Events::read)
                .list());
    }

    /** Which of these events have ended, in whatever flow. */
    public Set<UUID> settled(Collection<UUID> ids) {
        return new HashSet<>(database.once(handle -> handle.createQuery(database.sql("settled"))
                .bind("ids", Binds.uuids(List.copyOf(ids)))
                .mapTo(UUID.class)
                .list()));
    }

    /** Up to {@code limit} members of a status progression after a place in it, in its order. */
    public Page page(int flow, EventStatus status, Place after, int limit) {
        try {
            return database.once(handle -> page(handle, flow, status, after, limit));
        } catch (RuntimeException e) {
            if (SqlErrors.isRefusedData(e)) { // a priority where a time belongs
                throw new IllegalArgumentException("the cursor is not of a page of the %s events".formatted(status), e);
            }
            throw e;
        }
    }

    Page page(Handle handle, int flow, EventStatus status, Place after, int limit) {
        return switch (status) {
            case PENDING -> pendingPage(handle, flow, after, limit);
            case PROCESSING -> page(rows(handle, "page_running", flow, null, after, limit), limit);
            case COMPLETED, FAILED, CANCELLED, SKIPPED, ABORTED ->
                page(rows(handle, "page_outcome", flow, status, after, limit), limit);
        };
    }

    private Page pendingPage(Handle handle, int flow, Place after, int limit) {
        List<Placed> rows = new ArrayList<>();
        if (!after.later()) {
            rows.addAll(rows(handle, "page_ready", flow, null, after, limit));
        }
        if (rows.size() < limit) {
            Place from = after.later() ? after : Place.START_LATER;
            rows.addAll(rows(handle, "page_scheduled", flow, null, from, limit - rows.size()));
        }
        return page(rows, limit);
    }

    private static Page page(List<Placed> rows, int limit) {
        Place next = rows.size() < limit ? null : rows.getLast().place();
        return new Page(rows.stream().map(Placed::event).toList(), next);
    }

    private List<Placed> rows(
            Handle handle, String statement, int flow, @Nullable EventStatus status, Place after, int limit) {
        var query = handle.createQuery(database.sql(statement))
                .bind("flow", flow)
                .bind("minor", after.minor())
                .bind("limit", limit);
        if (status == null) {
            query.bind("major", after.major());
        } else {
            query.bind("status", status.ordinal());
        }
        boolean later = statement.equals("page_scheduled");
        return query.map((row, context) -> new Placed(
                        read(row, context), new Place(later, row.getDouble("place_major"), row.getLong("place_minor"))))
                .list();
    }

    /** What an event's last streaming attempt emitted, from an index on, as JSON text in order. */
    public List<String> chunks(UUID id, int from, int limit) {
        return database.once(handle -> handle.createQuery(database.sql("chunks"))
                .bind("id", id)
                .bind("from", from)
                .bind("limit", limit)
                .map((row, context) -> row.getString("value"))
                .list());
    }

    /**
     * Removes settled events of these statuses for good, batch by batch.
     *
     * @return how many were removed
     */
    public long cleanUp(int flow, Set<EventStatus> statuses) {
        long removed = 0;
        int batch;
        do {
            batch = database.once(handle -> handle.createQuery(database.sql("clean_up"))
                    .bind("flow", flow)
                    .bind("statuses", Binds.smallints(statuses, EventStatus::ordinal))
                    .bind("batch", CLEAN_UP_BATCH)
                    .mapTo(Integer.class)
                    .one());
            removed += batch;
        } while (batch == CLEAN_UP_BATCH && !Thread.currentThread().isInterrupted());
        return removed;
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
                        (Boolean) row.getObject("retryable")));
    }

    private static @Nullable JsonNode json(@Nullable String text) {
        return text == null ? null : Json.parse(text);
    }
}
