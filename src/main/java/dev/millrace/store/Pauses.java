package dev.millrace.store;

import dev.millrace.event.Pause;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** Which flows are paused: nothing of theirs is claimed. Thread-safe. */
public final class Pauses {
    private final Database database;

    /** The pauses of that database. */
    public Pauses(Database database) {
        this.database = database;
    }

    /** Pauses a flow, unless it is paused: then since and reason stay. */
    public void pause(int flow, @Nullable String reason) {
        Optional<String> unused = database.once(handle -> handle.createQuery(database.sql("pause"))
                .bind("flow", flow)
                .bind("reason", Binds.text(reason))
                .bind("channel", database.schema())
                .mapTo(String.class)
                .findOne());
    }

    /** Ends a flow's pause, if there is one. */
    public void resume(int flow) {
        Optional<String> unused = database.once(handle -> handle.createQuery(database.sql("resume"))
                .bind("flow", flow)
                .bind("channel", database.schema())
                .mapTo(String.class)
                .findOne());
    }

    /** The pause a flow is in; empty if it is in none. */
    public Optional<Pause> of(int flow) {
        return database.once(
                handle -> Optional.ofNullable(read(handle, List.of(flow)).get(flow)));
    }

    /** The pauses of those of these flows that are paused, for background work, which looks again anyway. */
    public Map<Integer, Pause> of(Collection<Integer> flows) {
        return database.onceOnly(handle -> read(handle, flows));
    }

    private Map<Integer, Pause> read(Handle handle, Collection<Integer> flows) {
        return database.planned(handle, "paused")
                .bind("flows", Binds.integers(flows, value -> value))
                .reduceRows(new HashMap<>(), (found, row) -> {
                    Pause pause = new Pause(
                            row.getColumn("paused_at", OffsetDateTime.class).toInstant(),
                            row.getColumn("pause_reason", String.class));
                    found.put(row.getColumn("id", Integer.class), pause);
                    return found;
                });
    }
}
