package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import java.sql.Connection;
import java.sql.SQLException;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a database says of itself.
 *
 * @param version as {@code server_version_num}
 * @param readOnlyByDefault whether a transaction cannot write unless it says that it wants to
 * @param readOnlyPool whether the pool makes its transactions read-only
 * @param durable whether a crash of the server keeps what it acknowledged
 * @param isolation of a transaction that does not say which it wants
 */
record DatabaseFacts(
        String name,
        int version,
        String versionName,
        String encoding,
        boolean standby,
        boolean readOnlyByDefault,
        boolean readOnlyPool,
        boolean durable,
        String isolation) {
    private static final Logger log = LoggerFactory.getLogger(DatabaseFacts.class);

    /** The oldest major version of PostgreSQL that Millrace works on. README.md names it, too. */
    static final int OLDEST_SERVER = 14;

    private static final int MINOR_VERSIONS = 10_000; // server_version_num has so many for each major version

    static DatabaseFacts of(Database database) {
        return database.once(handle -> handle.createQuery(database.sql("database_facts"))
                .map((row, context) -> new DatabaseFacts(
                        row.getString("name"),
                        row.getInt("version"),
                        row.getString("version_name"),
                        row.getString("encoding"),
                        row.getBoolean("standby"),
                        row.getBoolean("read_only"),
                        isReadOnly(handle),
                        row.getBoolean("durable"),
                        row.getString("isolation")))
                .one());
    }

    private static boolean isReadOnly(Handle handle) throws SQLException {
        Connection connection = handle.getConnection();
        return connection.isReadOnly();
    }

    /** Whether a transaction must say that it wants to see what others commit meanwhile. */
    boolean readsCommittedByDefault() {
        return isolation.equals("read committed");
    }

    /**
     * Warns of what is unwise.
     *
     * @throws ConfigurationException if Millrace cannot work on it, saying what was found and what is needed
     */
    void check() {
        if (version < OLDEST_SERVER * MINOR_VERSIONS) {
            throw refusal("is PostgreSQL %s; Millrace needs %d or newer".formatted(versionName, OLDEST_SERVER));
        }
        if (!encoding.equals("UTF8")) {
            throw refusal("is encoded as " + encoding + "; Millrace needs UTF8: create database ... encoding 'UTF8'");
        }
        if (standby) {
            throw refusal("is a standby; Millrace needs the primary: add targetServerType=primary to the URL");
        }
        if (readOnlyPool) {
            throw refusal(
                    "is reached by a pool of read-only connections; Millrace needs to write: look at the pool's readOnly");
        }
        if (readOnlyByDefault) {
            log.warn(
                    "database={} default_transaction_read_only is on: Millrace writes all the same, each of its transactions asks"
                            + " to. If that default protects something, such as a full disk, stop Millrace",
                    name);
        }
        if (!durable) {
            log.warn(
                    "database={} fsync, full_page_writes or synchronous_commit is off: a crash of the server may lose"
                            + " events whose append was acknowledged",
                    name);
        }
    }

    private ConfigurationException refusal(String reason) {
        return new ConfigurationException("database '" + name + "' " + reason);
    }
}
