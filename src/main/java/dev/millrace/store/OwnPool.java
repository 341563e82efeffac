package dev.millrace.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.thread.Threads;
import java.util.Properties;

/** The pool that a Millrace makes for itself from a URL. */
public final class OwnPool {
    private OwnPool() {}

    /** A pool of at most so many connections; opens none yet. Whoever opened it closes it. */
    public static HikariDataSource open(String jdbcUrl, int size) {
        Properties driver = new Properties();
        driver.setProperty("connectTimeout", "5"); // seconds
        driver.setProperty("loginTimeout", "10"); // seconds; a server that recovers is slow to let anybody in
        driver.setProperty("reWriteBatchedInserts", "true");
        driver.setProperty("tcpKeepAlive", "true");
        driver.setProperty("ApplicationName", "millrace");
        HikariConfig config = new HikariConfig();
        // Not the URL: with one, the pool sets DriverManager's login timeout, which is the whole JVM's.
        Dialing dialing = new Dialing(jdbcUrl, driver);
        config.setDataSource(dialing);
        config.setMaximumPoolSize(size);
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
