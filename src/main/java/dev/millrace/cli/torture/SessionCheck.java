package dev.millrace.cli.torture;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Watches at the server that no worker process has more sessions than its pool, the one that renews its lease, and the one that
 * listens, whatever stalls. What a fault has broken takes a while to go, so only a long excess is one. One thread runs it.
 */
final class SessionCheck implements Runnable {
    static final String INVARIANT = "i25_sessions";
    private static final int MOST = WorkerRole.POOL + 2;
    private static final long OFTEN_MILLIS = 500;
    private static final int PATIENCE = 20;

    private final Database database;
    private final Findings findings;
    private int excesses; // in a row

    SessionCheck(Database database, Findings findings) {
        this.database = database;
        this.findings = findings;
    }

    /** Looks until interrupted. */
    @Override
    public void run() {
        try {
            while (true) {
                Thread.sleep(OFTEN_MILLIS);
                sample();
            }
        } catch (InterruptedException e) {
            return; // the run is over
        }
    }

    private void sample() {
        try (Connection connection = database.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(Database.sql("sessions"))) {
            findings.checked(INVARIANT);
            boolean any = row.next();
            excesses = any && row.getLong("sessions") > MOST ? excesses + 1 : 0;
            if (excesses == PATIENCE) {
                findings.add(
                        INVARIANT,
                        1,
                        "%s has had more than %d sessions for long: %d"
                                .formatted(row.getString("application_name"), MOST, row.getLong("sessions")));
            }
        } catch (SQLException e) {
            excesses = 0; // the database is away
        }
    }
}
