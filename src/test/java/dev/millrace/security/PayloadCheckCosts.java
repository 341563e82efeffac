package dev.millrace.security;

import dev.millrace.Millrace;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;

/**
 * Measures what the database takes to judge a payload, for each of the {@link WorstShape}s and sizes that double, and prints a
 * table. Run by hand; the argument is the number of rounds.
 */
public final class PayloadCheckCosts {
    private static final int[] SIZES = {1 << 17, 1 << 18, 1 << 19, (1 << 20) - 5_000};

    private PayloadCheckCosts() {}

    /** The table: milliseconds, the least of the rounds. */
    public static void main(String[] arguments) throws IOException, SQLException {
        int rounds = arguments.length == 0 ? 5 : Integer.parseInt(arguments[0]);
        try (EmbeddedPostgres server = EmbeddedPostgres.start()) {
            Millrace.migrate(server.getPostgresDatabase());
            System.out.println("| shape | 128 KiB | 256 KiB | 512 KiB | 1 MiB |");
            System.out.println("| --- | --- | --- | --- | --- |");
            try (Connection connection = server.getPostgresDatabase().getConnection()) {
                for (WorstShape shape : WorstShape.values()) {
                    StringBuilder line = new StringBuilder("| "
                            + shape.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
                    for (int size : SIZES) {
                        line.append(" | %.0f ms".formatted(millis(connection, shape.document(size), rounds)));
                    }
                    System.out.println(line.append(" |"));
                }
            }
        }
    }

    private static double millis(Connection connection, String document, int rounds) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temporary table if not exists document (value jsonb)");
            statement.execute("truncate document");
        }
        try (PreparedStatement insert = connection.prepareStatement("insert into document values (?::jsonb)")) {
            insert.setString(1, document);
            insert.execute();
        }
        long[] nanos = new long[rounds];
        for (int round = 0; round < rounds; round++) {
            long begin = System.nanoTime();
            try (PreparedStatement check = connection.prepareStatement(
                            "select millrace.check_json(null, 'payload', value, 1048576) from document");
                    ResultSet rows = check.executeQuery()) {
                rows.next();
            } catch (SQLException e) {
                if (!"22023".equals(e.getSQLState())) {
                    throw e;
                }
            }
            nanos[round] = System.nanoTime() - begin;
        }
        return Arrays.stream(nanos).min().orElseThrow() / 1e6;
    }
}
