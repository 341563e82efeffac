package dev.millrace.store;

import dev.millrace.event.EventStatus;
import dev.millrace.event.Execution;
import dev.millrace.event.Terms;
import dev.millrace.store.PayloadMemory.Inline;
import dev.millrace.store.Routine.Maybe;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Hands pending events to a worker. Not repeated when the connection is lost: the claim may have happened. Thread-safe. */
public final class Claims {
    private final Database database;
    private final Timekeeper time;

    /** The claims of that database; what is due is so by that clock. */
    public Claims(Database database, Timekeeper time) {
        this.database = database;
        this.time = time;
    }

    /**
     * Claims up to {@code batch} due events of these lanes of a flow, best first; none while it is paused.
     *
     * @param floor only those above it; with several lanes there is none
     */
    public Claimed claim(UUID worker, int flow, Collection<Integer> lanes, int batch, Floor floor) {
        return claim(worker, flow, lanes, batch, floor, Inline.ALL);
    }

    /**
     * As the other one.
     *
     * @param inline which payloads come along; the others are to be asked for by {@link #payload}
     */
    public Claimed claim(UUID worker, int flow, Collection<Integer> lanes, int batch, Floor floor, Inline inline) {
        if (lanes.size() == 1) {
            return database.hot(
                    "claim",
                    Map.of(
                            "lane",
                            lanes.iterator().next(),
                            "flow",
                            flow,
                            "worker",
                            worker,
                            "batch",
                            batch,
                            "inline",
                            inline.plain(),
                            "compressed",
                            inline.compressed(),
                            "floor_priority",
                            floor.priority(),
                            "floor_position",
                            floor.position()),
                    rows -> read(rows, worker));
        }
        return database.hot(
                "claim_lanes",
                Map.of(
                        "flow",
                        flow,
                        "lanes",
                        Columns.integers(lanes, value -> value),
                        "worker",
                        worker,
                        "inline",
                        inline.plain(),
                        "compressed",
                        inline.compressed(),
                        "batch",
                        batch),
                rows -> read(rows, worker));
    }

    /**
     * Claims one pending event of these lanes.
     *
     * @param early whether it may be one that is not due
     * @return empty if it is not pending, or not due and that matters, or if the flow is paused
     */
    public Optional<Claim> claimOne(UUID worker, int flow, Collection<Integer> lanes, UUID id, boolean early) {
        return claimOne(worker, flow, lanes, id, early, Inline.ALL);
    }

    /** As the other one; {@code inline} as in the other {@link #claim(UUID, int, Collection, int, Floor, Inline)}. */
    public Optional<Claim> claimOne(
            UUID worker, int flow, Collection<Integer> lanes, UUID id, boolean early, Inline inline) {
        return database
                .hot(
                        "claim_one",
                        Map.of(
                                "worker",
                                worker,
                                "flow",
                                flow,
                                "lanes",
                                Columns.integers(lanes, value -> value),
                                "id",
                                id,
                                "early",
                                early,
                                "inline",
                                inline.plain(),
                                "compressed",
                                inline.compressed(),
                                "now",
                                new Maybe(time.moment(), Types.VARCHAR)),
                        rows -> read(rows, worker))
                .claims()
                .stream()
                .findFirst();
    }

    /** How many bytes the text of an event's payload takes; empty if the event is gone. Repeated while the database is away. */
    public Optional<Integer> payloadSize(UUID id) {
        return database.once(handle -> handle.createQuery(database.sql("payload_size"))
                .bind("id", id)
                .mapTo(Integer.class)
                .findOne());
    }

    /** The payload of an event, as JSON text; empty if the event is gone. Repeated while the database is away. */
    public Optional<String> payload(UUID id) {
        return database.once(handle -> handle.createQuery(database.sql("payload"))
                .bind("id", id)
                .mapTo(String.class)
                .findOne());
    }

    /**
     * Repeats a claim while no connection could be had, so that nothing can have been claimed; for as long as calls are repeated, or
     * for less. A claim whose answer was lost is not repeated.
     */
    public <R> R untilSent(Duration most, Supplier<R> claim) {
        return database.untilSent(most, claim);
    }

    /** As {@link #isDue}, repeated while the database cannot be used; for as long as calls are repeated, or for less. */
    public boolean isDue(int flow, Collection<Integer> lanes, Duration most) {
        return database.repeated(most, () -> isDue(flow, lanes));
    }

    /** Whether anything in these lanes of a flow is due, and may be claimed; asked once. */
    public boolean isDue(int flow, Collection<Integer> lanes) {
        return database.onceOnly(handle -> database.planned(handle, "due_left")
                .bind("flow", flow)
                .bind("lanes", Binds.integers(lanes, value -> value))
                .bind("now", Binds.text(time.moment()))
                .mapTo(Boolean.class)
                .one());
    }

    /** How often the permission check of each of these events went wrong since it last gave an answer; those without are missing. */
    public Map<UUID, Integer> permissionErrors(List<UUID> ids) {
        return database.once(handle -> database.planned(handle, "permission_errors")
                .bind("ids", Binds.uuids(ids))
                .reduceRows(new java.util.HashMap<UUID, Integer>(), (errors, row) -> {
                    errors.put(row.getColumn("id", UUID.class), row.getColumn("n", Integer.class));
                    return errors;
                }));
    }

    /**
     * How often workers could not read an event's payload, since one last could.
     *
     * @param since the first of those tries, by the database's clock
     */
    public record Tried(int times, Duration since) {
        /** Not once. */
        public static final Tried NEVER = new Tried(0, Duration.ZERO);
    }

    /** What is known of events whose payload could not be read; those that nobody has tried are missing. For background work. */
    public Map<UUID, Tried> undecodable(List<UUID> ids) {
        return database.onceOnly(handle -> database.planned(handle, "undecodable")
                .bind("ids", Binds.uuids(ids))
                .reduceRows(new java.util.HashMap<UUID, Tried>(), (tried, row) -> {
                    Duration since = Duration.ofMillis((long) (row.getColumn("seconds", Double.class) * 1_000));
                    tried.put(row.getColumn("id", UUID.class), new Tried(row.getColumn("n", Integer.class), since));
                    return tried;
                }));
    }

    /** How many deaths of its workers an event may see by its own word; empty if it says nothing. For background work. */
    public Optional<Integer> maxCrashes(UUID id) {
        return database.onceOnly(handle -> database.planned(handle, "max_crashes")
                .bind("id", id)
                .mapTo(Integer.class)
                .findOne());
    }

    private Claimed read(ResultSet rows, UUID worker) throws SQLException {
        List<Claim> claims = new ArrayList<>();
        Floor floor = Floor.FRONT;
        while (rows.next()) {
            if (claims.isEmpty()) {
                floor = new Floor(rows.getDouble(3), rows.getLong(4) - 1);
            }
            claims.add(claim(rows, worker));
        }
        return claims.isEmpty() ? Claimed.NOTHING : new Claimed(claims, floor);
    }

    /** By position, as the three claiming statements list their columns: this is done for every event. */
    private Claim claim(ResultSet row, UUID worker) throws SQLException {
        int attempt = row.getInt(5);
        String payload = row.getString(10);
        StoredEvent event = new StoredEvent(
                row.getObject(1, UUID.class),
                row.getObject(16, OffsetDateTime.class).toInstant(),
                row.getString(9),
                payload == null ? "" : payload,
                row.getString(11),
                terms(row),
                Execution.active(
                        EventStatus.PROCESSING,
                        attempt,
                        row.getObject(2, OffsetDateTime.class).toInstant()),
                null);
        boolean expired =
                time.now().map(now -> isPast(event.terms().deadline(), now)).orElse(row.getBoolean(17));
        return new Claim(event, worker, row.getDouble(3), row.getInt(6), row.getInt(7), row.getInt(8), expired);
    }

    private static boolean isPast(@Nullable Instant deadline, Instant now) {
        return deadline != null && !now.isBefore(deadline);
    }

    private static Terms terms(ResultSet row) throws SQLException {
        double priority = row.getDouble(12);
        double timeout = row.getDouble(13);
        boolean unlimited = row.wasNull();
        OffsetDateTime deadline = row.getObject(14, OffsetDateTime.class);
        return new Terms(
                priority,
                unlimited ? null : Terms.timeoutOfSeconds(timeout),
                deadline == null ? null : deadline.toInstant(),
                row.getBoolean(15));
    }

    /**
     * Returns claims that were committed without the worker hearing of it.
     *
     * @param known what the worker does hold
     * @return how many went back
     */
    public int giveBackForgotten(UUID worker, List<UUID> known) {
        return database.onceOnly(handle -> handle.createQuery(database.sql("forgotten"))
                .bind("worker", worker)
                .bind("known", Binds.uuids(known))
                .mapTo(Integer.class)
                .one());
    }
}
