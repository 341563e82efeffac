package dev.millrace.cli.torture;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Stream;

/** Compares what the tables say with what the audit and the ledgers saw. Confined to one thread. */
final class Judge {
    /** The nemesis's own ledger. */
    static final String KILLS = "kills.ledger";

    /** What the ledgers of those who steer begin with. */
    static final String STEERING = "steering-";

    private final Database database;
    private final Settings settings;
    private final Findings findings;

    Judge(Database database, Settings settings, Findings findings) {
        this.database = database;
        this.settings = settings;
        this.findings = findings;
    }

    /**
     * What there was to judge.
     *
     * @param acknowledged events that an appender was told of
     * @param settled events that have ended
     * @param runs handlers started
     * @param lost attempts that a rescue ended
     * @param late answers refused because they came too late
     * @param pace how soon the events of killed workers were with others
     */
    record Totals(long acknowledged, long settled, long runs, long lost, long late, long aborted, Pace pace) {}

    /**
     * How soon the first event of a worker that had been killed was claimed by another one, in milliseconds.
     *
     * @param kills of workers that held events
     * @param calm of these, how many while another worker held its lease from before the kill until the rescue
     * @param calmRescued of the calm ones, until the rescue; older suspects may be in front of what was rescued
     */
    record Pace(long kills, long calm, long calmMedian, long calmMost, long calmRescued, long median, long most) {}

    /** Reads the ledgers in and checks every invariant. */
    Totals judge() throws SQLException, IOException {
        try (Connection connection = database.connect()) {
            loadLedgers(connection);
            configure(connection, "torture.lease", Settings.LEASE.toMillis() + " ms");
            configure(
                    connection,
                    "torture.concurrency",
                    Integer.toString(settings.profile().concurrency()));
            configure(connection, "torture.max_crashes", Integer.toString(Settings.MAX_CRASHES));
            try (Statement statement = connection.createStatement()) {
                statement.execute(Database.sql("judge_indexes"));
            }
            for (Invariant invariant : Invariant.values()) {
                check(connection, invariant);
            }
            return totals(connection);
        }
    }

    /** The server reads the files itself: it runs here. */
    private void loadLedgers(Connection connection) throws SQLException, IOException {
        try (PreparedStatement statement = connection.prepareStatement("select torture.load(?, ?)")) {
            for (Path ledger : ledgers()) {
                cutHalfLine(ledger);
                statement.setString(1, table(ledger.getFileName().toString()));
                statement.setString(2, ledger.toString());
                statement.execute();
            }
        }
    }

    private static String table(String ledger) {
        if (ledger.equals(KILLS)) {
            return "kill_line";
        }
        if (ledger.startsWith(STEERING)) {
            return "steer_line";
        }
        return ledger.startsWith("appender") ? "append_line" : "run_line";
    }

    private List<Path> ledgers() throws IOException {
        try (Stream<Path> files = Files.list(settings.folder())) {
            return files.filter(file -> file.toString().endsWith(".ledger"))
                    .sorted()
                    .toList();
        }
    }

    /** A process that was killed may have left half a line: that never happened. */
    private static void cutHalfLine(Path ledger) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(ledger.toFile(), "rw")) {
            long end = file.length();
            while (end > 0) {
                file.seek(end - 1);
                if (file.read() == '\n') {
                    break;
                }
                end--;
            }
            file.setLength(end);
        }
    }

    private static void configure(Connection connection, String name, String value) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("select set_config(?, ?, false)")) {
            statement.setString(1, name);
            statement.setString(2, value);
            statement.execute();
        }
    }

    private void check(Connection connection, Invariant invariant) throws SQLException {
        findings.checked(invariant.wireName());
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(Database.sql(invariant.wireName()))) {
            while (rows.next()) {
                findings.add(invariant.wireName(), 1, rows.getString(1));
            }
        }
    }

    private static Totals totals(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(Database.sql("totals"))) {
            row.next();
            return new Totals(
                    row.getLong("acknowledged"),
                    row.getLong("settled"),
                    row.getLong("runs"),
                    row.getLong("lost"),
                    row.getLong("late"),
                    row.getLong("aborted"),
                    pace(connection));
        }
    }

    private static Pace pace(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(Database.sql("pace"))) {
            row.next();
            return new Pace(
                    row.getLong("kills"),
                    row.getLong("calm"),
                    row.getLong("calm_p50"),
                    row.getLong("calm_p99"),
                    row.getLong("calm_rescued_p99"),
                    row.getLong("p50"),
                    row.getLong("p99"));
        }
    }
}
