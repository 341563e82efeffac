package dev.millrace.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.util.Properties;

/** The pool that a Millrace makes for itself from a URL. */
public final class OwnPool {
    /** Kept while there is nothing to do: what an idle worker looks with, and one that need not be made first. */
    static final int MINIMUM_IDLE = 2;

    /** Connections beside the pool: one renews the lease, one hears notifications. */
    private static final int BESIDE = 2;

    private static final Duration IDLE = Duration.ofMinutes(1);

    private OwnPool() {}

    /**
     * A pool of at most so many connections; opens none yet, and closes what has been idle for a minute, down to two. Whoever
     * opened it closes it.
     */
    public static HikariDataSource open(String jdbcUrl, int size) {
        Properties driver = new Properties();
        driver.setProperty("connectTimeout", "5"); // seconds
        driver.setProperty("loginTimeout", "10"); // seconds; a server that recovers is slow to let anybody in
        driver.setProperty("reWriteBatchedInserts", "true");
        driver.setProperty("tcpKeepAlive", "true");
        driver.setProperty("ApplicationName", "millrace");
        HikariConfig config = new HikariConfig();
        // Not the URL: with one, the pool sets DriverManager's login timeout, which is the whole JVM's.
        Dialing dialing = new Dialing(jdbcUrl, driver, new Sessions(size + BESIDE - 1));
        config.setDataSource(dialing);
        config.setMaximumPoolSize(size);
        if (size > MINIMUM_IDLE) { // else the pool warns that none will be idle too long
            config.setMinimumIdle(MINIMUM_IDLE);
            config.setIdleTimeout(IDLE.toMillis());
        }
        config.setPoolName("millrace");
        config.setThreadFactory(Threads.daemons("millrace:pool-"));
        config.setConnectionTimeout(1_000); // what waits longer is repeated anyway
        config.setInitializationFailTimeout(-1); // the first statement finds out, with the builder's patience
        return new HikariDataSource(config) {
            @Override
            public void close() {
                dialing.close();
                super.close();
            }
        };
    }
}
