package dev.millrace.bench.child;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One of the product's statement files, for plain JDBC: comments gone, its schema in place, each {@code :name} a
 * question mark. Immutable.
 *
 * @param text for {@link Connection#prepareStatement}
 * @param names what each question mark stands for, in order
 */
record NamedSql(String text, List<String> names) {
    private static final Pattern COMMENT = Pattern.compile("--[^\n]*");
    private static final Pattern NAME = Pattern.compile("(?<!:):([a-z_]+)");

    /** A value that knows how to be bound. */
    interface Bind {
        void at(PreparedStatement statement, int position) throws SQLException;
    }

    NamedSql {
        names = List.copyOf(names);
    }

    /** Reads a statement of the product, such as {@code claim}, for a schema. */
    static NamedSql ofProduct(String name, String schema) throws IOException {
        String file = "/dev/millrace/store/" + name + ".sql";
        try (InputStream in = NamedSql.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IOException("the product has no " + file);
            }
            return of(new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("millrace.", schema + "."));
        }
    }

    /** Of a statement's text. */
    static NamedSql of(String sql) {
        List<String> names = new ArrayList<>();
        Matcher matcher = NAME.matcher(COMMENT.matcher(sql).replaceAll(""));
        String text = matcher.replaceAll(match -> {
            names.add(match.group(1));
            return "?";
        });
        return new NamedSql(text.strip(), names);
    }

    /**
     * Binds all names of the statement.
     *
     * @throws IllegalStateException if one has no value: the product's statement has changed, and this is to follow
     */
    void bind(PreparedStatement statement, Map<String, Bind> values) throws SQLException {
        for (int i = 0; i < names.size(); i++) {
            Bind value = values.get(names.get(i));
            if (value == null) {
                throw new IllegalStateException("the product's statement wants :" + names.get(i)
                        + ", which the benchmark's floor does not bind; it knows " + values.keySet());
            }
            value.at(statement, i + 1);
        }
    }

    static Bind object(Object value) {
        return (statement, position) -> statement.setObject(position, value);
    }

    /** A null whose type the statement says. */
    static Bind nothing() {
        return (statement, position) -> statement.setNull(position, Types.NULL);
    }

    /** An array of that PostgreSQL type. */
    static Bind array(String type, @Nullable Object[] values) {
        return (statement, position) ->
                statement.setArray(position, statement.getConnection().createArrayOf(type, values));
    }
}
