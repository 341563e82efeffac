package dev.millrace.bench.child;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Millrace;
import dev.millrace.event.UuidV7;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The floor: Millrace's own statements driven by plain JDBC, with nothing around them. Claims a batch, settles it, and
 * so on, on a few connections; the effects in the database are the engine's. A single append is one bare INSERT into a
 * table with a primary key and two indexes.
 */
final class SqlEngine implements Engine {
    static final String SCHEMA = "bench_sql";
    private static final int BATCH = 200;
    private static final int CLIENTS = 2;
    private static final int BULK = 1_000;
    private static final String TYPE = "Job";

    private final String url;
    private final HikariDataSource pool;
    private final NamedSql append;
    private final NamedSql claim;
    private final NamedSql settle;
    private final List<Thread> clients = new ArrayList<>();
    private final UUID worker = UuidV7.next();
    private int flow;
    private int lane;
    private CountDownLatch going = new CountDownLatch(1);
    private volatile boolean halted;
    private volatile @Nullable Exception failure;

    SqlEngine(String url) throws IOException {
        this.url = url;
        this.pool = Pools.open(url, 10);
        this.append = NamedSql.ofProduct("append", SCHEMA);
        this.claim = NamedSql.ofProduct("claim", SCHEMA);
        this.settle = NamedSql.ofProduct("settle", SCHEMA);
    }

    @Override
    public void install() throws SQLException, IOException {
        try (Millrace millrace =
                Millrace.builder().jdbcUrl(url).schema(SCHEMA).migrate().connect()) {
            millrace.executor(MillraceEngine.FLOW, Job.class)
                    .register(TYPE, Job.class)
                    .build();
        }
        try (Connection connection = pool.getConnection()) {
            flow = number(connection, "select id from bench_sql.flow");
            lane = number(connection, "select id from bench_sql.lane where type = 'Job'");
            Resources.run(connection, "sql/install.sql");
        }
    }

    private static int number(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getInt(1);
        }
    }

    @Override
    public void append(Job job) throws SQLException, IOException {
        try (Connection connection = pool.getConnection();
                PreparedStatement insert = connection.prepareStatement(Resources.text("sql/bare.sql"))) {
            insert.setObject(1, UuidV7.next());
            insert.setInt(2, flow);
            insert.setDouble(3, (double) job.n());
            insert.setString(4, job.json());
            insert.executeUpdate();
        }
    }

    @Override
    public void bulk(long first, int count, String fill) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement statement = connection.prepareStatement(append.text())) {
            for (int done = 0; done < count; done += BULK) {
                int rows = Math.min(BULK, count - done);
                String[] payloads = new String[rows];
                for (int i = 0; i < rows; i++) {
                    payloads[i] = new Job(first + done + i, fill).json();
                }
                append.bind(statement, appending(payloads));
                statement.execute();
            }
        }
    }

    private Map<String, NamedSql.Bind> appending(String[] payloads) {
        int rows = payloads.length;
        UUID[] ids = new UUID[rows];
        Arrays.setAll(ids, i -> UuidV7.next());
        return Map.ofEntries(
                Map.entry("flow", NamedSql.object(flow)),
                Map.entry("now", NamedSql.nothing()),
                Map.entry("checked", NamedSql.object(true)),
                Map.entry("ids", NamedSql.array("uuid", ids)),
                Map.entry("lanes", NamedSql.array("int4", filled(rows, lane))),
                Map.entry("types", NamedSql.array("text", filled(rows, TYPE))),
                Map.entry("payloads", NamedSql.array("text", payloads)),
                Map.entry("metadata", NamedSql.array("text", filled(rows, "{}"))),
                Map.entry("priorities", NamedSql.array("float8", new @Nullable Object[rows])),
                Map.entry("timeouts", NamedSql.array("float8", new @Nullable Object[rows])),
                Map.entry("deadlines", NamedSql.array("text", new @Nullable Object[rows])),
                Map.entry("streaming", NamedSql.array("bool", filled(rows, false))),
                Map.entry("run_at", NamedSql.array("text", new @Nullable Object[rows])),
                Map.entry("delays", NamedSql.array("float8", new @Nullable Object[rows])));
    }

    @Override
    public void arm(Handling handling) {
        going = new CountDownLatch(1);
        halted = false;
        for (int i = 0; i < CLIENTS; i++) {
            CountDownLatch gate = going;
            clients.add(Thread.ofPlatform().name("client-" + i).start(() -> {
                try {
                    gate.await();
                    drain(handling);
                } catch (InterruptedException | IOException | SQLException | RuntimeException e) {
                    failure = e;
                }
            }));
        }
    }

    private void drain(Handling handling) throws SQLException, IOException {
        try (Connection connection = pool.getConnection();
                PreparedStatement claims = connection.prepareStatement(claim.text());
                PreparedStatement settles = connection.prepareStatement(settle.text())) {
            Resources.run(connection, "sql/planning.sql"); // once for the session, where the product has it with each
            while (!halted) {
                claim.bind(
                        claims,
                        Map.of(
                                "flow", NamedSql.object(flow),
                                "lane", NamedSql.object(lane),
                                "floor_priority", NamedSql.object(Double.NEGATIVE_INFINITY),
                                "floor_position", NamedSql.object(-1L),
                                "worker", NamedSql.object(worker),
                                "batch", NamedSql.object(BATCH),
                                "inline", NamedSql.object(Integer.MAX_VALUE),
                                "compressed", NamedSql.object(Integer.MAX_VALUE)));
                List<UUID> ids = new ArrayList<>(BATCH);
                List<Integer> attempts = new ArrayList<>(BATCH);
                try (ResultSet row = claims.executeQuery()) {
                    while (row.next()) {
                        ids.add(row.getObject("id", UUID.class));
                        attempts.add(row.getInt("attempt"));
                        handling.handled().accept(number(row.getString("payload")));
                    }
                }
                if (ids.isEmpty()) {
                    Pools.pause(); // nothing left, or the other client has it under lock
                } else {
                    settle.bind(settles, settling(ids, attempts, handling.response()));
                    settles.execute();
                }
            }
        }
    }

    /** The number in a payload as jsonb writes it: {@code {"n": 12, "fill": ""}}. */
    private static long number(String payload) {
        int from = payload.indexOf("\"n\": ") + 5;
        int to = from;
        while (Character.isDigit(payload.charAt(to))) {
            to++;
        }
        return Long.parseLong(payload, from, to, 10);
    }

    private Map<String, NamedSql.Bind> settling(List<UUID> ids, List<Integer> attempts, String response) {
        int rows = ids.size();
        @Nullable Object[] responses = filled(rows, response.isEmpty() ? "null" : '"' + response + '"');
        return Map.of(
                "ids", NamedSql.array("uuid", ids.toArray()),
                "workers", NamedSql.array("uuid", filled(rows, worker)),
                "attempts", NamedSql.array("int4", attempts.toArray()),
                "statuses", NamedSql.array("int2", filled(rows, (short) 2)),
                "durations", NamedSql.array("float8", filled(rows, 0.001)),
                "responses", NamedSql.array("text", responses),
                "errors", NamedSql.array("text", new @Nullable Object[rows]),
                "retryable", NamedSql.array("bool", new @Nullable Object[rows]));
    }

    private static Object[] filled(int rows, Object value) {
        Object[] values = new Object[rows];
        Arrays.fill(values, value);
        return values;
    }

    @Override
    public void go() {
        going.countDown();
    }

    @Override
    public void halt() throws Exception {
        halted = true;
        going.countDown();
        for (Thread client : clients) {
            client.join();
        }
        clients.clear();
        Exception failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    @Override
    public void close() {
        halted = true;
        going.countDown();
        pool.close();
    }

    static String configuration() {
        return "our claim.sql and settle.sql by plain JDBC, " + CLIENTS + " connections a process, batches of " + BATCH
                + ", no engine; bulk: append.sql, " + BULK
                + " rows; single: a bare INSERT, primary key and two indexes";
    }
}
