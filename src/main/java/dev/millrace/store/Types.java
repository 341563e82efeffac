package dev.millrace.store;

import dev.millrace.event.UnknownType;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jdbi.v3.core.Handle;

/** What waits although its type is not known. Thread-safe. */
public final class Types {
    private final Database database;

    /** The types of that database. */
    public Types(Database database) {
        this.database = database;
    }

    /**
     * Due events of an unknown type.
     *
     * @param unsure whether a live worker of an older library may know the type: that one does not say what it knows
     */
    public record Unknown(UnknownType type, boolean unsure) {}

    /** What is due in these flows in other lanes than these; nothing of a paused flow. */
    public List<Unknown> unknown(Collection<Integer> flows, Collection<Integer> lanes) {
        return database.once(handle -> unknown(handle, flows, lanes));
    }

    /** As {@link #unknown}, once: for background work, which asks again. */
    public List<Unknown> unknownOnce(Collection<Integer> flows, Collection<Integer> lanes) {
        return database.onceOnly(handle -> unknown(handle, flows, lanes));
    }

    private List<Unknown> unknown(Handle handle, Collection<Integer> flows, Collection<Integer> lanes) {
        return database.planned(handle, "unknown_types")
                .bind("flows", Binds.integers(flows, flow -> flow))
                .bind("lanes", Binds.integers(lanes, lane -> lane))
                .map((row, context) -> {
                    Instant oldest = StoredEvent.instant(row, "since");
                    return new Unknown(
                            new UnknownType(
                                    row.getString("flow"),
                                    row.getString("type"),
                                    row.getLong("due"),
                                    Objects.requireNonNull(oldest),
                                    row.getLong("workers")),
                            row.getBoolean("unsure"));
                })
                .list();
    }
}
