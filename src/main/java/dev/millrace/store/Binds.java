package dev.millrace.store;

import java.sql.Types;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jdbi.v3.core.argument.Argument;
import org.jspecify.annotations.Nullable;

/** Binds columns of values as PostgreSQL arrays: one statement and one plan whatever the number of rows. */
final class Binds {
    private Binds() {}

    static <T> Argument uuids(Collection<T> rows, Function<T, UUID> column) {
        return array("uuid", UUID[]::new, rows, column);
    }

    static <T> Argument integers(Collection<T> rows, Function<T, @Nullable Integer> column) {
        return array("int4", Integer[]::new, rows, column);
    }

    static <T> Argument smallints(Collection<T> rows, Function<T, Integer> column) {
        return array("int2", Short[]::new, rows, row -> column.apply(row).shortValue());
    }

    static <T> Argument doubles(Collection<T> rows, Function<T, @Nullable Double> column) {
        return array("float8", Double[]::new, rows, column);
    }

    static <T> Argument booleans(Collection<T> rows, Function<T, @Nullable Boolean> column) {
        return array("bool", Boolean[]::new, rows, column);
    }

    static <T> Argument texts(Collection<T> rows, Function<T, @Nullable String> column) {
        return array("text", String[]::new, rows, column);
    }

    /** Instants travel as text in UTC, which PostgreSQL reads exactly whatever the session's zone. */
    static <T> Argument instants(Collection<T> rows, Function<T, @Nullable Instant> column) {
        return array("text", String[]::new, rows, row -> {
            Instant instant = column.apply(row);
            return instant == null ? null : instant.toString();
        });
    }

    static Argument uuids(List<UUID> ids) {
        return uuids(ids, Function.identity());
    }

    /** A text that may be null, typed so that the server need not guess. */
    static Argument text(@Nullable String value) {
        return (position, statement, context) -> {
            if (value == null) {
                statement.setNull(position, Types.VARCHAR);
            } else {
                statement.setString(position, value);
            }
        };
    }

    /** Of the element's own type: the driver then sends it in binary where it can. */
    private static <T, C extends @Nullable Object> Argument array(
            String type, IntFunction<C[]> empty, Collection<T> rows, Function<T, C> column) {
        C[] values = empty.apply(rows.size());
        int i = 0;
        for (T row : rows) {
            values[i++] = column.apply(row);
        }
        return (position, statement, context) ->
                statement.setArray(position, statement.getConnection().createArrayOf(type, values));
    }
}
