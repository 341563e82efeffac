package dev.millrace;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Measures how fast 100,000 events that have become due are made claimable with 900,000 more scheduled behind them, against how
 * fast one process then drains them, on a PostgreSQL of its own that keeps what it acknowledged, and prints each round's ratio of the
 * rates. Run by hand; the arguments are the number of rounds, and "off" to measure without waiting for disks.
 */
public final class PromotionRates {
    private static final int DUE = 100_000;
    private static final int LATER = 900_000;
    private static final String FILL = """
            with fresh as (
                insert into millrace.event (id, flow, type, payload, priority)
                select millrace.uuid_v7(), l.flow, l.type, '{"name": "x"}', 1
                from millrace.lane l cross join generate_series(1, %d)
                returning id, flow
            )
            insert into millrace.scheduled (id, run_at, priority, position, lane, flow)
            select f.id, now() + interval '%s' + random() * interval '1 second', 1, nextval('millrace.ready_position_seq'), l.id, f.flow
            from fresh f join millrace.lane l on l.flow = f.flow
            """;

    private PromotionRates() {}

    record Task(String name) {}

    /** The rounds, one line each, and the median. */
    public static void main(String[] arguments) throws IOException, SQLException {
        int rounds = arguments.length == 0 ? 5 : Integer.parseInt(arguments[0]);
        String durable = arguments.length > 1 ? arguments[1] : "on";
        try (EmbeddedPostgres server = EmbeddedPostgres.builder()
                        .setServerConfig("fsync", durable)
                        .setServerConfig("synchronous_commit", durable)
                        .setServerConfig("full_page_writes", "on")
                        .setServerConfig("max_wal_size", "8GB")
                        .start();
                Connection connection = server.getPostgresDatabase().getConnection();
                Statement statement = connection.createStatement()) {
            String url = server.getJdbcUrl("postgres", "postgres");
            try (Millrace millrace = Millrace.builder().jdbcUrl(url).migrate().connect()) {
                millrace.executor("tasks", Task.class).build();
            }
            statement.execute(FILL.formatted(LATER, "1 day"));
            statement.execute("vacuum analyze");
            List<Double> ratios = new ArrayList<>();
            for (int round = -1; round < rounds; round++) { // the first only warms up
                statement.execute(FILL.formatted(DUE, "-2 seconds"));
                statement.execute("checkpoint");
                double ratio = measure(url, statement);
                if (round >= 0) {
                    ratios.add(ratio);
                }
            }
            Collections.sort(ratios);
            System.out.printf(
                    "median ratio %.2f of %d rounds, %.2f to %.2f%n",
                    ratios.get(ratios.size() / 2), ratios.size(), ratios.getFirst(), ratios.getLast());
        }
    }

    private static double measure(String url, Statement statement) throws SQLException {
        try (Millrace millrace = Millrace.connect(url)) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .concurrencyLimit(1_000)
                    .handler((task, run) -> null)
                    .build();
            long begin = System.nanoTime();
            tasks.start(); // promotes, and claims nothing
            await(statement, "select not exists (select from millrace.scheduled where run_at <= now())");
            double promotion = DUE * 1e9 / (System.nanoTime() - begin);
            await(statement, "select count(*) = " + DUE + " from millrace.ready");
            long middle = System.nanoTime();
            tasks.execute();
            await(
                    statement,
                    "select not exists (select from millrace.ready) and not exists (select from millrace.running)");
            double drain = DUE * 1e9 / (System.nanoTime() - middle);
            System.out.printf("promoted %.0f/s, drained %.0f/s, ratio %.2f%n", promotion, drain, promotion / drain);
            return promotion / drain;
        }
    }

    private static void await(Statement statement, String condition) throws SQLException {
        while (true) {
            try (ResultSet row = statement.executeQuery(condition)) {
                row.next();
                if (row.getBoolean(1)) {
                    return;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
