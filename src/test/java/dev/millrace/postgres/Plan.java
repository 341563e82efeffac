package dev.millrace.postgres;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Json;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How PostgreSQL went about a query that it has just executed, read from its own account. */
public final class Plan {
    private final List<Scan> scans = new ArrayList<>();

    private Plan() {}

    /**
     * One way of reading a table.
     *
     * @param way such as "Index Scan"
     * @param rows read by it in all, also those that a filter then removed
     */
    public record Scan(String way, String table, long rows) {}

    /** Executes a query to see its plan. Nothing but its own work is counted, not that of functions it calls. */
    public static Plan of(Connection connection, String query, @Nullable Object... arguments) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("explain (analyze, format json, timing off) " + query)) {
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                Plan plan = new Plan();
                plan.walk(Json.parse(row.getString(1)).get(0).get("Plan"));
                return plan;
            }
        }
    }

    private void walk(JsonNode node) {
        double loops = node.path("Actual Loops").asDouble();
        if (node.has("Relation Name") && loops > 0) {
            double each = node.path("Actual Rows").asDouble()
                    + node.path("Rows Removed by Filter").asDouble();
            scans.add(new Scan(
                    node.get("Node Type").asText(), node.get("Relation Name").asText(), Math.round(each * loops)));
        }
        node.path("Plans").forEach(this::walk);
    }

    /** The scans that were really made, of tables in the order of the plan. */
    public List<Scan> scans() {
        return List.copyOf(scans);
    }

    /** How many rows of all tables were read. */
    public long rows() {
        return scans.stream().mapToLong(Scan::rows).sum();
    }
}
