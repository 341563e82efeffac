package dev.millrace.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of a test class. If the run is through a pooler (see {@link PostgresTest}), so is all that is not said to be
 * direct; but not a database that was made empty, since migrations need a direct connection. Its pools, and the further databases made from it, are closed by the extension: those of
 * a test method after it, those of {@code @BeforeAll} after the class. Thread-safe.
 *
 * <p>The small statements ({@link #query}, {@link #longValue}, {@link #execute} and so on) run each on a direct connection of
 * their own, in autocommit, with {@code search_path = millrace, public}.
 */
public final class TestDatabase implements AutoCloseable {
    static final String HELPER = "millrace-test-helper";
    private static final int AWAIT_ROUNDS = 6000;

    private final TestServer server;
    private final String name;
    private final boolean pooled;
    private final List<Pool> pools = new CopyOnWriteArrayList<>();
    private final List<TestDatabase> others = new CopyOnWriteArrayList<>();
    private final AtomicInteger poolNumber = new AtomicInteger();

    TestDatabase(TestServer server, String name, boolean pooled) {
        this.server = server;
        this.name = name;
        this.pooled = pooled;
    }

    /** A pool and the application name that its connections show to the server. */
    record Pool(String application, HikariDataSource source) {}

    /** The database's name on its server. */
    public String name() {
        return name;
    }

    /** What the tests of another process need in their environment to run on this server, with databases of their own. */
    public Map<String, String> environment() {
        return Map.of(TestServer.EXTERNAL_URL, directUrl(), TestServer.EXTERNAL_TEMPLATE, server.template());
    }

    /** How to reach it, with user and password; no search_path is set. */
    public String jdbcUrl() {
        return pooled ? server.pooled(directUrl()) : directUrl();
    }

    /** How to reach it with nothing in between, whatever the run. */
    public String directUrl() {
        return server.url(name);
    }

    /** Opens a connection for each call and pools nothing; the caller closes each. */
    public DataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(jdbcUrl());
        return source;
    }

    /** A connection that the test must close. */
    public Connection connect() throws SQLException {
        return DriverManager.getConnection(jdbcUrl());
    }

    /** As {@link #connect}, with a session of its own, whatever the run. */
    public Connection connectDirectly() throws SQLException {
        return DriverManager.getConnection(directUrl());
    }

    /** A pool of at most {@code size} connections, each made when first needed. The extension closes it. */
    public HikariDataSource newPool(int size) {
        return newPool(size, config -> {});
    }

    /** As {@link #newPool(int)}, with settings of the test's own. */
    public HikariDataSource newPool(int size, Consumer<HikariConfig> settings) {
        String application = "millrace-test-pool-" + poolNumber.incrementAndGet();
        HikariConfig config = new HikariConfig();
        String url = jdbcUrl() + "&ApplicationName=" + application;
        if (pooled) {
            PGSimpleDataSource source = new PGSimpleDataSource();
            source.setUrl(url);
            config.setDataSource(NamedStatements.noted(source));
        } else {
            config.setJdbcUrl(url);
        }
        config.setPoolName(application.replace("millrace-", "")); // its threads are not the library's
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(20_000);
        settings.accept(config);
        HikariDataSource pool = new HikariDataSource(config);
        pools.add(new Pool(application, pool));
        return pool;
    }

    /** Another migrated database on the same server, for tests that need two. */
    public TestDatabase another() {
        return adopt(server.createMigrated("other"), pooled);
    }

    /** A database without Millrace's schema. */
    public TestDatabase empty() {
        return empty("");
    }

    /** A database without Millrace's schema, made with options such as {@code encoding 'LATIN1' template template0}. */
    public TestDatabase empty(String options) {
        return adopt(server.create("empty", options), false);
    }

    private TestDatabase adopt(String otherName, boolean otherPooled) {
        TestDatabase other = new TestDatabase(server, otherName, otherPooled);
        others.add(other);
        return other;
    }

    /** The rows of a query, each as its columns' values by {@code getObject}. */
    public List<List<@Nullable Object>> query(String sql, @Nullable Object... arguments) {
        return run(sql, arguments, statement -> {
            List<List<@Nullable Object>> rows = new ArrayList<>();
            try (ResultSet result = statement.executeQuery()) {
                int columns = result.getMetaData().getColumnCount();
                while (result.next()) {
                    List<@Nullable Object> row = new ArrayList<>();
                    for (int column = 1; column <= columns; column++) {
                        row.add(result.getObject(column));
                    }
                    rows.add(row);
                }
            }
            return rows;
        });
    }

    /** The first column of each row, as that type. */
    public <T> List<T> list(Class<T> type, String sql, @Nullable Object... arguments) {
        return query(sql, arguments).stream()
                .map(row -> type.cast(row.getFirst()))
                .toList();
    }

    /** The one value of a query that answers one row with one number, never null. */
    public long longValue(String sql, @Nullable Object... arguments) {
        Number number = (Number) Objects.requireNonNull(value(sql, arguments), "the query answered null");
        return number.longValue();
    }

    /** The one value of a query that answers one row, as text; null for SQL's null. */
    public @Nullable String text(String sql, @Nullable Object... arguments) {
        Object value = value(sql, arguments);
        return value == null ? null : value.toString();
    }

    private @Nullable Object value(String sql, @Nullable Object... arguments) {
        List<List<@Nullable Object>> rows = query(sql, arguments);
        if (rows.size() != 1) {
            throw new IllegalStateException("expected one row, got " + rows.size() + ": " + sql);
        }
        return rows.getFirst().getFirst();
    }

    /**
     * Runs any statement.
     *
     * @return how many rows it wrote
     */
    public int execute(String sql, @Nullable Object... arguments) {
        return run(sql, arguments, statement -> statement.execute() ? 0 : statement.getUpdateCount());
    }

    /** Waits until a query answers true: at least 10 s, then fails with the query. For what no signal tells. */
    public void await(String sql, @Nullable Object... arguments) {
        run("select pg_sleep(0.01)", new Object[0], pause -> {
            for (int round = 0; round < AWAIT_ROUNDS; round++) {
                if (Boolean.TRUE.equals(value(sql, arguments))) {
                    return true;
                }
                pause.execute();
            }
            throw new AssertionError("did not come true within 60 s: " + sql);
        });
    }

    /**
     * Ends every connection to this database but the small statements' own, as a failing server would.
     *
     * @return how many
     */
    public long killConnections() {
        return longValue(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                        + " where datname = ? and backend_type = 'client backend' and application_name <> ?",
                name,
                HELPER);
    }

    /** Empties every table of the schema but Flyway's, and starts its identities afresh. */
    public void truncateAll() {
        List<String> tables = list(
                String.class,
                "select format('%I.%I', schemaname, tablename) from pg_tables"
                        + " where schemaname = 'millrace' and tablename <> 'schema_history'");
        if (!tables.isEmpty()) {
            execute("truncate " + String.join(", ", tables) + " restart identity cascade");
        }
    }

    private <T> T run(String sql, @Nullable Object[] arguments, Work<T> work) {
        String url = server.url(name, HELPER) + "&currentSchema=millrace,public";
        try (Connection connection = DriverManager.getConnection(url);
                PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            return work.with(statement);
        } catch (SQLException e) {
            throw new IllegalStateException(e.getMessage() + "\nin: " + sql, e);
        }
    }

    private interface Work<T> {
        T with(PreparedStatement statement) throws SQLException;
    }

    /** Whether its connections are shared by sessions, so that a client's end ends none. */
    boolean isPooled() {
        return pooled;
    }

    List<Pool> pools() {
        return pools;
    }

    List<TestDatabase> others() {
        return others;
    }

    void closePool(Pool pool) {
        pool.source().close();
        pools.remove(pool);
    }

    void closeOther(TestDatabase other) {
        other.close();
        others.remove(other);
    }

    /** Closes its pools and drops it. */
    @Override
    public void close() {
        others.forEach(this::closeOther);
        pools.forEach(this::closePool);
        server.drop(name);
    }
}
