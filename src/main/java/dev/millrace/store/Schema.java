package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import java.util.Optional;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The schema's version: brings it up to date, and refuses to work on a database that does not fit. Thread-safe. */
public final class Schema {
    /** The newest migration in this build; a test compares it with the files. */
    public static final String VERSION = "3";

    /** PostgreSQL 14, as {@code server_version_num} says it. */
    private static final int OLDEST_SERVER = 140_000;

    private static final String UNDEFINED_TABLE = "42P01";
    private static final Logger log = LoggerFactory.getLogger(Schema.class);

    private final Database database;

    /** The schema of that database. */
    public Schema(Database database) {
        this.database = database;
    }

    private record Facts(
            int version,
            String versionName,
            String encoding,
            boolean standby,
            boolean readOnly,
            boolean durable,
            String name) {}

    /**
     * Applies what is missing of the migrations; many may do so at once. Needs a direct connection, not one through a
     * transaction-pooling proxy: Flyway holds a lock of its session.
     *
     * @throws ConfigurationException if the database is too old, not UTF-8, read-only, or refuses a migration
     */
    public void migrate() {
        checkServer();
        try {
            Flyway.configure()
                    .dataSource(database.dataSource())
                    .locations("classpath:dev/millrace/migration")
                    .schemas(database.schema())
                    .defaultSchema(database.schema())
                    .createSchemas(true)
                    .table("schema_history")
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw new ConfigurationException(
                    "schema '%s' could not be migrated: %s".formatted(database.schema(), e.getMessage()), e);
        }
    }

    /**
     * Checks that the database and its schema are what this build needs.
     *
     * @throws ConfigurationException saying what was found and what is needed
     */
    public void validate() {
        checkServer();
        String found = version().orElse("none");
        if (!found.equals(VERSION)) {
            throw new ConfigurationException(
                    "schema '%s' has version %s, this Millrace needs version %s; run Millrace.migrate(dataSource)%s"
                            .formatted(
                                    database.schema(),
                                    found,
                                    VERSION,
                                    isNewer(found) ? " of a newer Millrace did: upgrade this one" : ""));
        }
    }

    private static boolean isNewer(String found) {
        return !found.equals("none") && Integer.parseInt(found) > Integer.parseInt(VERSION);
    }

    private Optional<String> version() {
        try {
            return database.once(handle -> handle.createQuery(database.sql("schema_version"))
                    .mapTo(String.class)
                    .findOne());
        } catch (RuntimeException e) {
            if (SqlErrors.find(e)
                    .filter(sql -> UNDEFINED_TABLE.equals(sql.getSQLState()))
                    .isPresent()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private void checkServer() {
        Facts facts = database.once(handle -> handle.createQuery(database.sql("database_facts"))
                .map((row, context) -> new Facts(
                        row.getInt("version"),
                        row.getString("version_name"),
                        row.getString("encoding"),
                        row.getBoolean("standby"),
                        row.getBoolean("read_only"),
                        row.getBoolean("durable"),
                        row.getString("name")))
                .one());
        if (facts.version() < OLDEST_SERVER) {
            throw refusal(facts, "is PostgreSQL " + facts.versionName() + "; Millrace needs 14 or newer");
        }
        if (!facts.encoding().equals("UTF8")) {
            throw refusal(
                    facts,
                    "is encoded as " + facts.encoding() + "; Millrace needs UTF8: create database … encoding 'UTF8'");
        }
        if (facts.standby() || facts.readOnly()) {
            throw refusal(
                    facts,
                    (facts.standby() ? "is a standby" : "is read-only")
                            + "; Millrace needs the primary, writable: check the URL's targetServerType and default_transaction_read_only");
        }
        if (!facts.durable()) {
            log.warn(
                    "database={} fsync, full_page_writes or synchronous_commit is off: a crash of the server may lose"
                            + " events whose append was acknowledged",
                    facts.name());
        }
    }

    private static ConfigurationException refusal(Facts facts, String reason) {
        return new ConfigurationException("database '" + facts.name() + "' " + reason);
    }
}
