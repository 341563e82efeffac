package dev.millrace.bench.child;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.UuidV7;
import java.io.IOException;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.postgresql.PGConnection;

/** Appends as somebody without the library would, over one connection. Confined to one thread. */
final class SqlClient implements AutoCloseable {
    private static final String TYPE = "Job";
    private static final String BARE = """
            with stored as (
                insert into bench_bare.event (id, flow, type, payload, metadata, priority, streaming, created_at)
                values (gen_random_uuid(), 1, ?, ?::jsonb, '{}', extract(epoch from clock_timestamp()), false, clock_timestamp())
                returning id, priority
            )
            insert into bench_bare.ready (id, priority, lane, flow, attempt, failures, denials, deaths)
            select id, priority, 1, 1, 0, 0, 0, 0
            from stored
            """;
    private static final String BARE_EVENT = """
            insert into bench_bare.event (id, flow, type, payload, metadata, priority, streaming, created_at)
            values (?, 1, ?, ?::jsonb, '{}', extract(epoch from clock_timestamp()), false, clock_timestamp())
            """;
    private static final String BARE_READY = """
            insert into bench_bare.ready (id, priority, lane, flow, attempt, failures, denials, deaths)
            values (?, extract(epoch from clock_timestamp()), 1, 1, 0, 0, 0, 0)
            """;

    private final HikariDataSource pool;
    private final String schema;
    private final String flow;

    SqlClient(String url, String schema, String flow) {
        this.pool = Pools.open(url, 1);
        this.schema = schema;
        this.flow = flow;
    }

    void append(Way way, int count, int atOnce) throws SQLException, IOException {
        try (Connection connection = pool.getConnection()) {
            switch (way) {
                case FUNCTION -> function(connection, count);
                case FUNCTION_WITHIN -> {
                    connection.setAutoCommit(false);
                    function(connection, count);
                    connection.setAutoCommit(true);
                }
                case MANY -> many(connection, count, atOnce);
                case COPY -> copy(connection, count, atOnce);
                case BARE -> bare(connection, count);
                case BARE_WITHIN -> bareWithin(connection, count);
                case LIBRARY, UNIQUE -> throw new IllegalArgumentException("not by SQL: " + way);
            }
        }
    }

    private void function(Connection connection, int count) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("select " + schema + ".append(?, ?, ?::jsonb)")) {
            call.setString(1, flow);
            call.setString(2, TYPE);
            for (int n = 0; n < count; n++) {
                call.setString(3, json(n));
                call.execute();
                if (!connection.getAutoCommit()) {
                    connection.commit();
                }
            }
        }
    }

    private void many(Connection connection, int count, int atOnce) throws SQLException {
        try (PreparedStatement call =
                connection.prepareStatement("select count(*) from " + schema + ".append_many(?::jsonb, ?, ?)")) {
            call.setString(2, flow);
            call.setString(3, TYPE);
            for (int from = 0; from < count; from += atOnce) {
                call.setString(
                        1,
                        IntStream.range(from, Math.min(count, from + atOnce))
                                .mapToObj(n -> "{\"payload\":" + json(n) + "}")
                                .collect(Collectors.joining(",", "[", "]")));
                call.execute();
            }
        }
    }

    private void copy(Connection connection, int count, int atOnce) throws SQLException, IOException {
        var copies = connection.unwrap(PGConnection.class).getCopyAPI();
        for (int from = 0; from < count; from += atOnce) {
            String rows = IntStream.range(from, Math.min(count, from + atOnce))
                    .mapToObj(n -> flow + '\t' + TYPE + '\t' + json(n) + '\n')
                    .collect(Collectors.joining());
            long unused = copies.copyIn(
                    "copy " + schema + ".enqueue (flow, type, payload) from stdin", new StringReader(rows));
        }
    }

    private static void bare(Connection connection, int count) throws SQLException, IOException {
        Resources.run(connection, "sql/two-bare.sql");
        try (PreparedStatement insert = connection.prepareStatement(BARE)) {
            insert.setString(1, TYPE);
            for (int n = 0; n < count; n++) {
                insert.setString(2, json(n));
                stored(insert.executeUpdate());
            }
        }
    }

    private static void bareWithin(Connection connection, int count) throws SQLException, IOException {
        Resources.run(connection, "sql/two-bare.sql");
        connection.setAutoCommit(false);
        try (PreparedStatement event = connection.prepareStatement(BARE_EVENT);
                PreparedStatement ready = connection.prepareStatement(BARE_READY)) {
            event.setString(2, TYPE);
            for (int n = 0; n < count; n++) {
                UUID id = UuidV7.next();
                event.setObject(1, id);
                event.setString(3, json(n));
                stored(event.executeUpdate());
                ready.setObject(1, id);
                stored(ready.executeUpdate());
                connection.commit();
            }
        }
        connection.setAutoCommit(true);
    }

    private static void stored(int rows) throws SQLException {
        if (rows != 1) {
            throw new SQLException("a bare insert stored " + rows + " rows");
        }
    }

    private static String json(int n) {
        return new Job(n, "").json();
    }

    @Override
    public void close() {
        pool.close();
    }
}
