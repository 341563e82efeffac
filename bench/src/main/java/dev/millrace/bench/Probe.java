package dev.millrace.bench;

import dev.millrace.bench.child.Resources;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** The coordinator's own look at the database: empties, counts, and reads what the server has spent. Confined to one thread. */
final class Probe implements AutoCloseable {
    private static final String[] SHOWN = {
        "server_version",
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "shared_buffers",
        "max_wal_size",
        "checkpoint_timeout"
    };

    private final String url;
    private final Connection connection;
    private final Optional<ServerCpu> cpu;

    Probe(String url) throws SQLException, IOException {
        this.url = url;
        this.connection = DriverManager.getConnection(url);
        this.cpu = ServerCpu.of(dataFolder());
    }

    private String dataFolder() {
        try {
            return text("show data_directory");
        } catch (SQLException e) {
            return ""; // not for this user to know: then its CPU time is not known either
        }
    }

    /** What a contender has in the database; done is empty where finished events are deleted. */
    record State(long left, Optional<Long> done) {}

    /** Removes all events of a contender, and writes a checkpoint so that both sides of a round start alike. */
    void empty(Contender contender) throws SQLException, IOException {
        run(contender, "empty");
        try (Statement statement = connection.createStatement()) {
            statement.execute("checkpoint");
        }
    }

    /** Brings the planner's statistics up to date, as the server would do itself a minute later. */
    void analyze(Contender contender) throws SQLException, IOException {
        run(contender, "analyze");
    }

    private void run(Contender contender, String name) throws SQLException, IOException {
        Resources.run(connection, contender.label() + "/" + name + ".sql");
    }

    /** Whether any event of a contender is not finished; cheap. */
    boolean hasLeft(Contender contender) throws SQLException, IOException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(Resources.text(contender.label() + "/left.sql"))) {
            row.next();
            return row.getBoolean(1);
        }
    }

    State state(Contender contender) throws SQLException, IOException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(Resources.text(contender.label() + "/state.sql"))) {
            row.next();
            return new State(row.getLong("left"), Optional.ofNullable(row.getObject("done", Long.class)));
        }
    }

    /** How many events of Millrace are done. */
    long done() throws SQLException, IOException {
        return Long.parseLong(text(Resources.text("millrace/done.sql")));
    }

    /** How much WAL has ever been written, in bytes. */
    double walBytes() throws SQLException {
        return Double.parseDouble(text("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"));
    }

    /** The CPU time that the server has used, in seconds; empty if it is not ours to see. */
    OptionalDouble cpuSeconds() throws IOException {
        return cpu.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(cpu.get().seconds());
    }

    /** The server's processes; empty if they are not ours to see. */
    Optional<ServerCpu> server() {
        return cpu;
    }

    /** The server's version and the settings that matter. */
    Map<String, String> settings() throws SQLException {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String name : SHOWN) {
            settings.put(name, text("select current_setting('" + name + "')"));
        }
        return settings;
    }

    /** A connection beside its own. */
    Connection another() throws SQLException {
        return DriverManager.getConnection(url);
    }

    /** Keeps everything that is visible now from being vacuumed away, until the connection is closed. */
    static void hold(Connection connection) throws SQLException {
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_current_xact_id()"); // with a number of its own, as a writer has
        }
    }

    private String text(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
