package dev.millrace.store;

import dev.millrace.event.EventStatus;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.UUID;

/**
 * A move of an event that its own worker did not make: it ended while it was pending, or was taken from whoever had it.
 *
 * @param flow its flow's number
 * @param lane its lane, or the lane's negated number
 * @param attempt its last claim, from 1; 0 if there was none
 */
public record Moved(int flow, int lane, UUID event, int attempt, EventStatus from, EventStatus to) {
    static Moved of(ResultSet row) throws SQLException {
        return new Moved(
                row.getInt("flow"),
                row.getInt("lane"),
                row.getObject("id", UUID.class),
                row.getInt("attempt"),
                EventStatus.all().get(row.getInt("was")),
                EventStatus.all().get(row.getInt("became")));
    }
}
