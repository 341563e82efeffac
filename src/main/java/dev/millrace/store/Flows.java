package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import dev.millrace.event.NotFoundException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Flows, and the lanes of their types. Both are made when an executor is built, in transactions of their own. */
public final class Flows {
    private static final UUID UNKNOWN = new UUID(0, 0);

    private final Database database;

    /** The flows of that database. */
    public Flows(Database database) {
        this.database = database;
    }

    /** The flow of that name, made if there is none. */
    public FlowRow open(String name) {
        Access access = database.access();
        if (!access.reads()) {
            return new FlowRow(openByFunction(name), UNKNOWN, name, "{}", Instant.EPOCH, null);
        }
        return find(name).orElseGet(() -> {
            if (!access.writes()) {
                openByFunction(name);
                return find(name).orElseThrow();
            }
            database.once(handle -> handle.createUpdate(database.sql("flow_open"))
                    .bind("name", name)
                    .execute());
            return find(name)
                    .orElseThrow(() -> new ConfigurationException("flow '" + name + "' went while it was opened"));
        });
    }

    /**
     * Drops a flow that has no events.
     *
     * @throws NotFoundException if there is no flow of that name
     * @throws IllegalStateException if it has events, or a live worker has an executor of it
     */
    public void drop(String name) {
        try {
            String unused = database.once(handle -> handle.createQuery(database.sql("drop_flow"))
                    .bind("name", name)
                    .mapTo(String.class)
                    .findOne()
                    .orElse(""));
        } catch (RuntimeException e) {
            throw SqlErrors.find(e)
                    .map(refused -> switch (String.valueOf(refused.getSQLState())) {
                        case "MR002" ->
                            new NotFoundException("flow '%s' not found".formatted(name), Map.of("flow", name));
                        case "MR003" -> new IllegalStateException(SqlErrors.messageOf(refused), e);
                        default -> e;
                    })
                    .orElse(e);
        }
    }

    private int openByFunction(String name) {
        return database.once(handle -> handle.createQuery(database.sql("flow_asked"))
                .bind("name", name)
                .mapTo(Integer.class)
                .one());
    }

    private Optional<FlowRow> find(String name) {
        return database.once(handle -> find(handle, name));
    }

    Optional<FlowRow> find(Handle handle, String name) {
        return handle.createQuery(database.sql("flow_find"))
                .bind("name", name)
                .map((row, context) -> new FlowRow(
                        row.getInt("id"),
                        row.getObject("uid", UUID.class),
                        row.getString("name"),
                        row.getString("metadata"),
                        row.getObject("created_at", OffsetDateTime.class).toInstant(),
                        (Integer) row.getObject("max_pending")))
                .findOne();
    }

    /**
     * Sets how many pending events a flow may hold, unless it may hold so many already.
     *
     * @return the flow as it is then
     * @throws ConfigurationException if this login may not set it
     */
    public FlowRow limited(FlowRow flow, int maxPending) {
        Integer present = flow.maxPending();
        if (present != null && present == maxPending) {
            return flow;
        }
        if (!database.access().writes()) {
            throw new ConfigurationException(
                    ("this login may not do that: set maxQueueSize of flow '%s' to %d; leave maxQueueSize out where events are only"
                                    + " appended: the limit of the flow holds for everybody. An executor of a login with millrace_work"
                                    + " sets it")
                            .formatted(flow.name(), maxPending));
        }
        limit(flow.id(), maxPending);
        return open(flow.name());
    }

    /** Sets how many pending events a flow may hold; null for as many as come. */
    public void limit(int flow, @Nullable Integer maxPending) {
        database.once(handle -> handle.createUpdate(database.sql("flow_limit"))
                .bind("flow", flow)
                .bind("max_pending", maxPending)
                .execute());
    }

    /** The lanes of these types, made where there is none. */
    public Map<String, Integer> lanes(int flow, Collection<String> types) {
        Access access = database.access();
        Map<String, Integer> found = access.reads() ? findLanes(flow, types) : new HashMap<>();
        if (!access.writes()) {
            types.forEach(
                    type -> found.putIfAbsent(type, 0)); // made with the first append, and known to the function only
            return found;
        }
        if (found.size() < types.size()) {
            database.once(handle -> handle.createUpdate(database.sql("lanes_open"))
                    .bind("flow", flow)
                    .bind("types", Binds.texts(types, value -> value))
                    .execute());
            return findLanes(flow, types);
        }
        return found;
    }

    private Map<String, Integer> findLanes(int flow, Collection<String> types) {
        return database.once(handle -> {
            Map<String, Integer> lanes = new HashMap<>();
            handle.createQuery(database.sql("lanes_find"))
                    .bind("flow", flow)
                    .bind("types", Binds.texts(List.copyOf(types), value -> value))
                    .map((row, context) -> Map.entry(row.getString("type"), row.getInt("id")))
                    .forEach(lane -> lanes.put(lane.getKey(), lane.getValue()));
            return lanes;
        });
    }
}
