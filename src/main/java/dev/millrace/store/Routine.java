package dev.millrace.store;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A statement of the hot path, by plain JDBC: parsed once, bound by name, its rows read by position. Immutable and
 * thread-safe.
 *
 * <p>It brings its planner's settings along, in the same message and the same transaction, so that nothing of them stays in
 * the session: PostgreSQL keeps a prepared statement's plan, and one that was made while the tables were empty reads them
 * from end to end for as long as nothing has analyzed them, a minute as a rule, however many rows have come meanwhile. With
 * sequential scans priced out, the first plan is the one for any size.
 */
final class Routine {
    private static final Pattern COMMENT = Pattern.compile("--[^\n]*");
    private static final Pattern HEADER = Pattern.compile("\\A-- [a-z_]+:");

    /** A colon and a name, unless it is a cast. */
    private static final Pattern PARAMETER = Pattern.compile("(?<!:):([a-z_]+)");

    private final String sql;
    private final List<String> names;
    private final boolean planned;

    private Routine(String sql, List<String> names, boolean planned) {
        this.sql = sql;
        this.names = List.copyOf(names);
        this.planned = planned;
    }

    /** Reads rows. */
    @FunctionalInterface
    interface Reader<R> {
        R read(ResultSet rows) throws SQLException;
    }

    /** A column of values to be bound as an array; the array is not copied. */
    static final class Column {
        private final String type;
        private final @Nullable Object[] values;

        /**
         * @param type PostgreSQL's name of the elements' type
         * @param values of the type's own Java class, which the driver can then send in binary
         */
        Column(String type, @Nullable Object[] values) {
            this.type = type;
            this.values = values;
        }

        Array on(Connection connection) throws SQLException {
            return connection.createArrayOf(type, values);
        }
    }

    /**
     * A value that may be missing.
     *
     * @param type one of {@link Types}
     */
    record Maybe(@Nullable Object value, int type) {}

    /**
     * The statement in a file, whose first line names it.
     *
     * @param planning the statement that goes before it; null if any plan will do
     */
    static Routine of(@Nullable String planning, String text) {
        List<String> names = new ArrayList<>();
        String positional = PARAMETER
                .matcher(COMMENT.matcher(text).replaceAll(""))
                .replaceAll(found -> {
                    names.add(found.group(1));
                    return "?";
                });
        String before = planning == null ? "" : before(planning, text);
        return new Routine(before + name(text) + positional.strip(), names, planning != null);
    }

    /** What goes before a statement: its name, for whoever looks at the server, and the one that says how it is planned. */
    static String before(String planning, String text) {
        return name(text) + COMMENT.matcher(planning).replaceAll("").strip() + ";";
    }

    private static String name(String text) {
        Matcher header = HEADER.matcher(text);
        return header.find() ? header.group() + "\n" : "";
    }

    /** Executes it on that connection, with a value for each of its names. */
    <R> R run(Connection connection, Map<String, ?> values, Reader<R> reader) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < names.size(); i++) {
                bind(connection, statement, i + 1, names.get(i), values);
            }
            boolean answers = statement.execute();
            if (planned) { // then the first result is of the settings
                answers = statement.getMoreResults();
            }
            if (!answers) {
                throw new SQLException("a statement that should answer with rows did not: " + names);
            }
            try (ResultSet rows = statement.getResultSet()) {
                return reader.read(rows);
            }
        }
    }

    private static void bind(
            Connection connection, PreparedStatement statement, int position, String name, Map<String, ?> values)
            throws SQLException {
        switch (values.get(name)) {
            case Column column -> statement.setArray(position, column.on(connection));
            case Boolean value -> statement.setBoolean(position, value);
            case Integer value -> statement.setInt(position, value);
            case Double value -> statement.setDouble(position, value);
            case Long value -> statement.setLong(position, value);
            case Maybe maybe -> statement.setObject(position, maybe.value(), maybe.type());
            case Object value -> statement.setObject(position, value, Types.OTHER);
            case null -> throw new IllegalArgumentException("no value for :" + name);
        }
    }
}
