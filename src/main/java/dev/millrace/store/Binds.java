package dev.millrace.store;

import java.sql.Types;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jdbi.v3.core.argument.Argument;
import org.jspecify.annotations.Nullable;

/** Binds columns of values as PostgreSQL arrays: one statement and one plan whatever the number of rows. */
final class Binds {
    private Binds() {}

    static <T> Argument uuids(Collection<T> rows, Function<T, UUID> column) {
        return array(Columns.uuids(rows, column));
    }

    static <T> Argument integers(Collection<T> rows, Function<T, @Nullable Integer> column) {
        return array(Columns.integers(rows, column));
    }

    static <T> Argument smallints(Collection<T> rows, Function<T, Integer> column) {
        return array(Columns.smallints(rows, column));
    }

    static <T> Argument doubles(Collection<T> rows, Function<T, @Nullable Double> column) {
        return array(Columns.doubles(rows, column));
    }

    static <T> Argument booleans(Collection<T> rows, Function<T, @Nullable Boolean> column) {
        return array(Columns.booleans(rows, column));
    }

    static <T> Argument texts(Collection<T> rows, Function<T, @Nullable String> column) {
        return array(Columns.texts(rows, column));
    }

    /** Instants travel as text in UTC, which PostgreSQL reads exactly whatever the session's zone. */
    static <T> Argument instants(Collection<T> rows, Function<T, @Nullable Instant> column) {
        return texts(rows, row -> {
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

    /** A time that may be null, as text in UTC, which PostgreSQL reads exactly whatever the session's zone. */
    static Argument time(@Nullable Instant value) {
        return text(value == null ? null : value.toString());
    }

    private static Argument array(Routine.Column column) {
        return (position, statement, context) -> statement.setArray(position, column.on(statement.getConnection()));
    }
}
