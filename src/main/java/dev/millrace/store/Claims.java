package dev.millrace.store;

import dev.millrace.event.EventStatus;
import dev.millrace.event.Execution;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.Query;

/** Hands pending events to a worker. Not repeated when the connection is lost: the claim may have happened. Thread-safe. */
public final class Claims {
    private final Database database;

    /** The claims of that database. */
    public Claims(Database database) {
        this.database = database;
    }

    /**
     * Claims up to {@code batch} due events of these lanes, best first.
     *
     * @return the claims in the order they should start; empty when nothing is due that another worker is not taking
     */
    public List<Claim> claim(UUID worker, Collection<Integer> lanes, int batch) {
        return database.onceOnly(handle -> {
            Query query;
            if (lanes.size() == 1) {
                query = handle.createQuery(database.sql("claim"))
                        .bind("lane", lanes.iterator().next());
            } else {
                query = handle.createQuery(database.sql("claim_lanes"))
                        .bind("lanes", Binds.integers(lanes, value -> value));
            }
            return query.bind("worker", worker)
                    .bind("batch", batch)
                    .map(row(worker))
                    .list();
        });
    }

    /**
     * Claims one pending event of these lanes.
     *
     * @param early whether it may be one that is not due
     * @return empty if it is not pending, or not due and that matters
     */
    public Optional<Claim> claimOne(UUID worker, int flow, Collection<Integer> lanes, UUID id, boolean early) {
        return database.onceOnly(handle -> handle.createQuery(database.sql("claim_one"))
                .bind("worker", worker)
                .bind("flow", flow)
                .bind("lanes", Binds.integers(lanes, value -> value))
                .bind("id", id)
                .bind("early", early)
                .map(row(worker))
                .findOne());
    }

    /** Whether anything in these lanes is due. */
    public boolean isDue(int flow, Collection<Integer> lanes) {
        return database.once(handle -> handle.createQuery(database.sql("due_left"))
                .bind("flow", flow)
                .bind("lanes", Binds.integers(lanes, value -> value))
                .mapTo(Boolean.class)
                .one());
    }

    /** How often the permission check of each of these events went wrong; those without are missing. */
    public Map<UUID, Integer> permissionErrors(List<UUID> ids) {
        return database.once(handle -> handle.createQuery(database.sql("permission_errors"))
                .bind("ids", Binds.uuids(ids))
                .reduceRows(new java.util.HashMap<UUID, Integer>(), (errors, row) -> {
                    errors.put(row.getColumn("id", UUID.class), row.getColumn("n", Integer.class));
                    return errors;
                }));
    }

    private static RowMapper<Claim> row(UUID worker) {
        return (row, context) -> new Claim(
                StoredEvent.facts(
                        row,
                        Execution.active(
                                EventStatus.PROCESSING, row.getInt("attempt"), StoredEvent.instant(row, "claimed_at"))),
                worker,
                row.getDouble("current_priority"),
                row.getInt("failures"),
                row.getInt("denials"),
                row.getInt("deaths"),
                row.getBoolean("expired"));
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
