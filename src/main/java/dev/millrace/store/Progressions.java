package dev.millrace.store;

import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.Json;
import dev.millrace.event.Names;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.Progression;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.StatementContext;
import org.jspecify.annotations.Nullable;

/** Users' own progressions, beside the seven that are tables. Changes to one come one after another. Thread-safe. */
public final class Progressions {
    private static final String NAME_KEY = "progression_flow_name_key";

    private final Database database;

    /** The progressions of that database. */
    public Progressions(Database database) {
        this.database = database;
    }

    /** The name, unless it is none that a progression of a user can have. */
    static String checkName(String name) {
        Names.check("progression name", name);
        if (EventStatus.all().stream().anyMatch(status -> status.wireName().equals(name))) {
            throw new IllegalArgumentException("progression name '%s' is a status's; choose another".formatted(name));
        }
        return name;
    }

    /**
     * Makes an empty one; empty if the name is taken.
     *
     * @throws IllegalArgumentException if the name is a status's, or no legal name
     */
    public Optional<UUID> add(int flow, String name) {
        checkName(name);
        return database.once(handle -> handle.createQuery(database.sql("progression_add"))
                .bind("flow", flow)
                .bind("name", name)
                .mapTo(UUID.class)
                .findOne());
    }

    /** Makes one as it was, but for its members and for an id that another has; empty if the name is taken. */
    Optional<UUID> restore(Handle handle, int flow, Progression was, @Nullable String name) {
        return handle.createQuery(database.sql("restore_progression"))
                .bind("id", was.id())
                .bind("created_at", was.createdAt().toString())
                .bind("flow", flow)
                .bind("name", Binds.text(name))
                .bind("metadata", Json.text(was.metadata()))
                .mapTo(UUID.class)
                .findOne();
    }

    /** One by name, as it is now. */
    public Optional<Progression> find(int flow, String name) {
        return Names.canBeStored(name)
                ? database.once(handle -> read(handle, flow, name).stream().findFirst())
                : Optional.empty();
    }

    /** All, in order of their making. */
    public List<Progression> all(int flow) {
        return database.once(handle -> read(handle, flow, null));
    }

    List<Progression> read(Handle handle, int flow, @Nullable String name) {
        return handle.createQuery(database.sql("progression_find"))
                .bind("flow", flow)
                .bind("name", Binds.text(name))
                .map(Progressions::progression)
                .list();
    }

    /** Removes one; its events stay. False if there is none. */
    public boolean remove(int flow, String name) {
        return Names.canBeStored(name)
                && database.once(handle -> handle.createUpdate(database.sql("progression_remove"))
                                .bind("flow", flow)
                                .bind("name", name)
                                .execute()
                        == 1);
    }

    /** Adds events at the end, whatever the progression's length. */
    public void append(int flow, String name, List<UUID> events) {
        database.inTransaction(handle -> {
            UUID id = lock(handle, flow, name);
            refuseStrangers(handle, flow, name, events);
            return fill(handle, id, events);
        });
    }

    /**
     * Changes one while nobody else does.
     *
     * @param change may be called again when the connection is lost, on the progression as it is then
     */
    public <R> R update(int flow, String name, Function<Progression, R> change) {
        try {
            return database.inTransaction(handle -> {
                UUID id = lock(handle, flow, name);
                Progression progression = read(handle, flow, name).getFirst();
                List<UUID> before = progression.order();
                R result = change.apply(progression);
                save(handle, flow, id, name, before, progression);
                return result;
            });
        } catch (RuntimeException e) {
            if (SqlErrors.isDuplicate(e, java.util.Set.of(NAME_KEY))) {
                throw new ExistsException(
                        "Progression '%s' cannot take that name: it is taken. Names must be unique.".formatted(name));
            }
            throw e;
        }
    }

    private void save(Handle handle, int flow, UUID id, String name, List<UUID> before, Progression changed) {
        String newName = changed.name();
        if (newName == null || newName.isEmpty()) {
            throw new IllegalArgumentException("progression '" + name + "' must keep a name");
        }
        if (!newName.equals(name)) {
            checkName(newName);
        }
        handle.createUpdate(database.sql("progression_rename"))
                .bind("id", id)
                .bind("name", newName)
                .bind("metadata", Json.text(changed.metadata()))
                .execute();
        List<UUID> after = changed.order();
        if (!after.equals(before)) {
            refuseStrangers(handle, flow, newName, after);
            handle.createUpdate(database.sql("progression_clear"))
                    .bind("id", id)
                    .execute();
            fill(handle, id, after);
        }
    }

    private UUID lock(Handle handle, int flow, String name) {
        if (!Names.canBeStored(name)) {
            throw notFound(name);
        }
        return handle.createQuery(database.sql("progression_lock"))
                .bind("flow", flow)
                .bind("name", name)
                .mapTo(UUID.class)
                .findOne()
                .orElseThrow(() -> notFound(name));
    }

    int fill(Handle handle, UUID id, List<UUID> events) {
        return handle.createUpdate(database.sql("progression_fill"))
                .bind("id", id)
                .bind("ids", Binds.uuids(events))
                .execute();
    }

    private void refuseStrangers(Handle handle, int flow, String name, List<UUID> events) {
        List<UUID> strangers = handle.createQuery(database.sql("progression_strangers"))
                .bind("flow", flow)
                .bind("ids", Binds.uuids(events))
                .mapTo(UUID.class)
                .list();
        if (!strangers.isEmpty()) {
            throw new NotFoundException(
                    "Progression '%s' contains UUIDs not in items pile: %s".formatted(name, strangers),
                    Map.of("progression", name, "missing", strangers.size()));
        }
    }

    /** The error for a name that no progression of the flow has. */
    public static NotFoundException notFound(String name) {
        return new NotFoundException("Progression %s not found in flow".formatted(Names.quoted(name)));
    }

    private static Progression progression(ResultSet row, StatementContext context) throws SQLException {
        UUID[] members = (UUID[]) row.getArray("members").getArray();
        return new Progression(
                row.getObject("id", UUID.class),
                row.getObject("created_at", OffsetDateTime.class).toInstant(),
                (com.fasterxml.jackson.databind.node.ObjectNode) Json.parse(row.getString("metadata")),
                row.getString("name"),
                Arrays.asList(members));
    }
}
