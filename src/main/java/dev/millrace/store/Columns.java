package dev.millrace.store;

import dev.millrace.store.Routine.Column;
import java.util.Collection;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Columns of values as arrays of the element's own type: the driver then sends them in binary where it can. */
final class Columns {
    private Columns() {}

    static <T> Column uuids(Collection<T> rows, Function<T, UUID> column) {
        return fill("uuid", new UUID[rows.size()], rows, column);
    }

    static <T> Column integers(Collection<T> rows, Function<T, @Nullable Integer> column) {
        return fill("int4", new Integer[rows.size()], rows, column);
    }

    static <T> Column smallints(Collection<T> rows, Function<T, Integer> column) {
        return fill(
                "int2", new Short[rows.size()], rows, row -> column.apply(row).shortValue());
    }

    static <T> Column doubles(Collection<T> rows, Function<T, @Nullable Double> column) {
        return fill("float8", new Double[rows.size()], rows, column);
    }

    static <T> Column booleans(Collection<T> rows, Function<T, @Nullable Boolean> column) {
        return fill("bool", new Boolean[rows.size()], rows, column);
    }

    static <T> Column texts(Collection<T> rows, Function<T, @Nullable String> column) {
        return fill("text", new String[rows.size()], rows, column);
    }

    private static <T> Column fill(
            String type,
            @Nullable Object[] values,
            Collection<T> rows,
            Function<T, ? extends @Nullable Object> column) {
        int i = 0;
        for (T row : rows) {
            values[i++] = column.apply(row);
        }
        return new Column(type, values);
    }
}
