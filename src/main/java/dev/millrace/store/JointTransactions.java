package dev.millrace.store;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Begins the transactions in which handlers settle their own events. However many handlers want one at once, two connections
 * of a Hikari pool are left to the claims and settlements of the others. Thread-safe.
 */
public final class JointTransactions {
    private static final int LEFT_TO_OTHERS = 2;

    private final Database database;
    private final Settlements settlements;
    private final Duration commitBound;
    private final Semaphore atOnce;

    /** @param commitBound how long the settlement and its commit may each take to answer */
    JointTransactions(Database database, Settlements settlements, Duration commitBound) {
        this.database = database;
        this.settlements = settlements;
        this.commitBound = commitBound;
        this.atOnce = new Semaphore(Math.max(1, sizeOf(database.dataSource()) - LEFT_TO_OTHERS), true);
    }

    private static int sizeOf(DataSource pool) {
        HikariDataSource hikari;
        try {
            hikari = DirectConnections.hikari(pool);
        } catch (SQLException e) {
            hikari = null; // a wrapper that does not know what it wraps
        }
        return hikari == null ? Integer.MAX_VALUE : hikari.getMaximumPoolSize();
    }

    /** Begins one; waits for a connection as long as calls are repeated. */
    public JointTransaction begin() throws InterruptedException {
        atOnce.acquire();
        @Nullable Connection connection = null;
        try {
            connection = database.borrow();
            return new JointTransaction(database, settlements, commitBound, connection, atOnce::release);
        } catch (RuntimeException | Error e) {
            if (connection != null) {
                database.giveBack(connection);
            }
            atOnce.release();
            if (Thread.interrupted()) {
                InterruptedException interrupted = new InterruptedException("while waiting for a connection");
                interrupted.addSuppressed(e);
                throw interrupted;
            }
            throw e;
        }
    }
}
