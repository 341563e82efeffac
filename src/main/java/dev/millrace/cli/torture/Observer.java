package dev.millrace.cli.torture;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Looks at the whole queue in one statement, again and again while the faults happen. One thread runs it. */
final class Observer implements Runnable {
    private static final long OFTEN_MILLIS = 500;
    private static final long SELDOM_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final Database database;
    private final Findings findings;
    private final Waiting whenWaiting;
    private @Nullable Connection connection;
    private final AtomicInteger samples = new AtomicInteger();
    private long waiting; // confined to the observing thread
    private volatile long pending;
    private volatile long processing;

    /** @param whenWaiting hears of each sample what waits to be claimed */
    Observer(Database database, Findings findings, Waiting whenWaiting) {
        this.database = database;
        this.findings = findings;
        this.whenWaiting = whenWaiting;
    }

    /** What waits to be claimed. */
    @FunctionalInterface
    interface Waiting {
        /** How many events wait, and how many besides that have a death on them. */
        void hear(long events, long suspects);
    }

    int samples() {
        return samples.get();
    }

    long pending() {
        return pending;
    }

    long processing() {
        return processing;
    }

    /** Observes until interrupted. */
    @Override
    public void run() {
        long nextSeldom = System.nanoTime() + SELDOM_NANOS;
        try {
            while (true) {
                Thread.sleep(OFTEN_MILLIS);
                try {
                    observe("observe_often");
                    if (System.nanoTime() - nextSeldom >= 0) {
                        observe("observe_seldom");
                        nextSeldom = System.nanoTime() + SELDOM_NANOS;
                    }
                } catch (SQLException e) {
                    close(); // the database is away: the next sample will tell
                }
            }
        } catch (InterruptedException e) {
            close();
        }
    }

    private void observe(String name) throws SQLException {
        Connection current = connection;
        if (current == null) {
            current = database.connect();
            connection = current;
        }
        try (Statement statement = current.createStatement();
                ResultSet row = statement.executeQuery(Database.sql(name))) {
            row.next();
            for (int column = 1; column <= row.getMetaData().getColumnCount(); column++) {
                take(row.getMetaData().getColumnLabel(column), row.getLong(column));
            }
            samples.incrementAndGet();
        }
    }

    private void take(String column, long value) {
        switch (column) {
            case "waiting" -> waiting = value;
            case "suspects" -> whenWaiting.hear(waiting, value);
            case "pending" -> pending = value;
            case "processing" -> processing = value;
            default -> {
                String invariant = Invariant.ofColumn(column);
                findings.checked(invariant);
                if (value > 0) {
                    findings.add(invariant, value, column + " in sample " + samples + ": " + value);
                }
            }
        }
    }

    private void close() {
        Connection current = connection;
        connection = null;
        if (current != null) {
            try {
                current.close();
            } catch (SQLException e) {
                return; // it was broken
            }
        }
    }
}
