package dev.millrace;

import dev.millrace.event.EventFilter;
import dev.millrace.event.EventStatus;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Measures how long it takes to cancel, skip and clean up 100,000 events by one call, in Java and SQL, against their append by
 * {@code appendAll} of a stream, on a PostgreSQL of its own that keeps what it acknowledges, and prints each round's ratios. Run by
 * hand; the arguments are the number of rounds, and "off" to measure without waiting for disks.
 */
public final class ManyAtOnceRates {
    private static final int NUMBER = 100_000;

    private ManyAtOnceRates() {}

    record Task(String name) {}

    private enum Way {
        CANCEL_ALL,
        SKIP_ALL,
        CANCEL_ALL_BY_SQL,
        CANCEL_ALL_OF_A_TIME,
        CLEAN_UP
    }

    /** The rounds, one line each, and the medians. */
    public static void main(String[] arguments) throws IOException, SQLException {
        int rounds = arguments.length == 0 ? 3 : Integer.parseInt(arguments[0]);
        String durable = arguments.length > 1 ? arguments[1] : "on";
        try (EmbeddedPostgres server = EmbeddedPostgres.builder()
                        .setServerConfig("fsync", durable)
                        .setServerConfig("synchronous_commit", durable)
                        .setServerConfig("full_page_writes", "on")
                        .setServerConfig("max_wal_size", "4GB")
                        .start();
                Connection connection = server.getPostgresDatabase().getConnection();
                Millrace millrace = Millrace.builder()
                        .jdbcUrl(server.getJdbcUrl("postgres", "postgres"))
                        .migrate()
                        .connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class).build();
            for (Way way : Way.values()) {
                measure(tasks, connection, way, rounds);
            }
        }
    }

    private static void measure(Executor<Task> tasks, Connection connection, Way way, int rounds) throws SQLException {
        List<Double> ratios = new ArrayList<>();
        for (int round = -1; round < rounds; round++) { // the first only warms up
            long begin = System.nanoTime();
            long appended = tasks.appendAll(IntStream.range(0, NUMBER).mapToObj(i -> new Task("x".repeat(200))));
            double append = (System.nanoTime() - begin) / 1e9;
            if (way == Way.CLEAN_UP) {
                long unused = tasks.skipAll(EventFilter.all(), "to be cleaned up");
            }
            long middle = System.nanoTime();
            long ended = end(tasks, connection, way);
            double end = (System.nanoTime() - middle) / 1e9;
            if (appended != NUMBER || ended != NUMBER) {
                throw new IllegalStateException(way + ": appended " + appended + ", ended " + ended);
            }
            if (round >= 0) {
                ratios.add(end / append);
                System.out.printf(
                        Locale.ROOT,
                        "%s: appended in %.2f s, ended in %.2f s, ratio %.2f%n",
                        way,
                        append,
                        end,
                        end / append);
            }
            long unused = tasks.cleanupEvents(EventStatus.all().subList(2, 7));
        }
        Collections.sort(ratios);
        System.out.printf(
                Locale.ROOT,
                "%s: median ratio %.2f of %d rounds, %.2f to %.2f%n",
                way,
                ratios.get(ratios.size() / 2),
                ratios.size(),
                ratios.getFirst(),
                ratios.getLast());
    }

    private static long end(Executor<Task> tasks, Connection connection, Way way) throws SQLException {
        return switch (way) {
            case CANCEL_ALL -> tasks.cancelAll(EventFilter.all(), "called off");
            case SKIP_ALL -> tasks.skipAll(EventFilter.all(), "not needed");
            case CANCEL_ALL_OF_A_TIME ->
                tasks.cancelAll(EventFilter.all().appendedSince(Instant.EPOCH).ofTypes("task"), "called off");
            case CANCEL_ALL_BY_SQL -> bySql(connection);
            case CLEAN_UP -> tasks.cleanupEvents(List.of(EventStatus.SKIPPED));
        };
    }

    private static long bySql(Connection connection) throws SQLException {
        long ended = 0;
        int last;
        try (Statement statement = connection.createStatement()) {
            do {
                try (ResultSet row =
                        statement.executeQuery("select millrace.cancel_all('tasks', 'called off', size => 10000)")) {
                    row.next();
                    last = row.getInt(1);
                    ended += last;
                }
            } while (last == 10_000);
        }
        return ended;
    }
}
