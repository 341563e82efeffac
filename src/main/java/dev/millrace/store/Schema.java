package dev.millrace.store;

import dev.millrace.event.ConfigurationException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The schema's version: brings it up to date, and refuses to work on a database that does not fit. Thread-safe. */
public final class Schema {
    /** The newest migration in this build; a test compares it with the files. */
    public static final String VERSION = "25";

    /** How long to wait for another migration, or for whoever holds its lock: Flyway tries once a second. */
    private static final int LOCK_SECONDS = 60;

    private static final Logger log = LoggerFactory.getLogger(Schema.class);

    /** A table that is not there, or for a role that may not read the function that says it. */
    private static final Set<String> UNDEFINED = Set.of("42P01", "42883");

    private final Database database;
    private final int lockSeconds;

    /** The schema of that database. */
    public Schema(Database database) {
        this(database, LOCK_SECONDS);
    }

    /** @param lockSeconds how long {@link #migrate} waits for the lock that one migration at a time has */
    Schema(Database database, int lockSeconds) {
        this.database = database;
        this.lockSeconds = lockSeconds;
    }

    /**
     * Applies what is missing of the migrations; many may do so at once. What is missing needs a direct connection, not one
     * through a transaction-pooling proxy: Flyway changes its session, which others would get next. Waits up to 60 seconds for
     * another migration in the same database.
     *
     * @throws ConfigurationException if the database is too old, not UTF-8, behind such a proxy, or refuses a
     *     migration; if something is missing and the login does not own the schema; or if another session holds the lock of
     *     migrations for longer, and then the message names that session
     */
    public void migrate() {
        InterruptFlag.runDown(this::migrateWhatIsMissing);
    }

    private void migrateWhatIsMissing() {
        checkServer();
        Optional<String> found;
        try {
            found = version();
        } catch (ConfigurationException e) {
            if (SqlErrors.isNotAllowed(e) && isUpToDate()) {
                return; // who may only append may not read more, and need not
            }
            throw refused(e);
        }
        if (found.filter(Schema::isNewer).isPresent()) {
            return; // a newer library has: whether this one may still work with it is another question
        }
        if (Between.of(database) != Between.NOTHING && Between.poolsTransactions(database)) {
            if (found.filter(VERSION::equals).isPresent()) {
                return; // nothing is missing
            }
            throw new ConfigurationException(
                    ("schema '%s' was not migrated: a proxy that pools transactions, such as PgBouncer, stands between, and a"
                                    + " migration changes the session, which others would get next; migrate over a direct"
                                    + " connection")
                            .formatted(database.schema()));
        }
        try {
            Flyway.configure()
                    .dataSource(database.writable())
                    .locations("classpath:dev/millrace/migration")
                    .schemas(database.schema())
                    .defaultSchema(database.schema())
                    .createSchemas(true)
                    .lockRetryCount(lockSeconds)
                    .table("schema_history")
                    .load()
                    .migrate();
        } catch (FlywayException e) {
            throw String.valueOf(e.getMessage()).contains("Number of retries exceeded") ? lockIsHeld(e) : refused(e);
        }
    }

    private boolean isUpToDate() {
        try {
            return version("schema_version_asked").filter(VERSION::equals).isPresent();
        } catch (ConfigurationException e) {
            return false;
        }
    }

    /** Why a migration did not come about. Roles of applications never suffice, so none of them is named. */
    private RuntimeException refused(RuntimeException e) {
        if (SqlErrors.isNotAllowed(e)) {
            return new ConfigurationException(
                    ("schema '%s' was not migrated, this login may not do that: %s; a migration needs the login that owns the"
                                    + " schema, or one that may create a schema if there is none. Migrate by that login, and"
                                    + " connect without migrate() by the login of the application")
                            .formatted(
                                    database.schema(),
                                    SqlErrors.find(e).map(SqlErrors::messageOf).orElse("")),
                    e);
        }
        return e instanceof FlywayException
                ? new ConfigurationException(
                        "schema '%s' could not be migrated: %s".formatted(database.schema(), e.getMessage()), e)
                : e;
    }

    private ConfigurationException lockIsHeld(FlywayException cause) {
        List<String> holders = database.once(handle -> handle.createQuery(database.sql("migration_lock"))
                .mapTo(String.class)
                .list());
        return new ConfigurationException(
                ("schema '%s' was not migrated: another session held the advisory lock of migrations for %d s, now held by: %s."
                                + " If that is a migration, let it end, and migrate again. If it is not, end it by"
                                + " pg_terminate_backend(pid); every login of the database can take that lock")
                        .formatted(
                                database.schema(),
                                lockSeconds,
                                holders.isEmpty() ? "nobody" : String.join(", ", holders)),
                cause);
    }

    /**
     * Checks that the database and its schema are what this build needs, or that the schema is a newer one with which this build
     * may still work, by the schema's own word.
     *
     * @throws ConfigurationException saying what was found and what is needed
     */
    public void validate() {
        String name = checkServer();
        Between.of(database).check(name);
        database.isLent(Access.of(database));
        warnOfCreators();
        String found = version().orElse("none");
        if (found.equals(VERSION)) {
            return;
        }
        if (!isNewer(found)) {
            throw refusal(
                    found,
                    "bring it up to date with Millrace.migrate(dataSource), or connect with builder().migrate()");
        }
        int oldest = oldestLibrary();
        if (isNewer(Integer.toString(oldest))) {
            throw refusal(
                    found,
                    ("a newer Millrace migrated it: upgrade this one. No library older than version %d may work with it. In a"
                                    + " rolling deploy this is a process of the old release that starts after the new release has"
                                    + " migrated: let the deploy go on, until processes of the new release have taken its place. To"
                                    + " stay with the old release, restore the database as it was before the migration")
                            .formatted(oldest));
        }
        log.info(
                "schema={} has version {}, a newer Millrace migrated it; this one needs {} and may work with it: it allows {} and newer",
                database.schema(),
                found,
                VERSION,
                oldest);
    }

    /** What somebody else makes in the schema may run as its owner: the functions for others find names there. */
    private void warnOfCreators() {
        List<String> creators = database.once(handle -> handle.createQuery(database.sql("schema_creators"))
                .bind("schema", database.schema())
                .mapTo(String.class)
                .list());
        if (!creators.isEmpty()) {
            log.warn(
                    "schema={} roles={} may create objects in it and are not its owner: what they make there may run with the"
                            + " rights of the owner. Take it from them: revoke create on schema {} from {}",
                    database.schema(),
                    creators,
                    database.schema(),
                    String.join(", ", creators));
        }
    }

    private ConfigurationException refusal(String found, String remedy) {
        return new ConfigurationException("schema '%s' has version %s, this Millrace needs version %s; %s"
                .formatted(database.schema(), found, VERSION, remedy));
    }

    private static boolean isNewer(String version) {
        return !version.equals("none")
                && MigrationVersion.fromVersion(version).compareTo(MigrationVersion.fromVersion(VERSION)) > 0;
    }

    private int oldestLibrary() {
        return database.once(handle -> handle.createQuery(database.sql("oldest_library"))
                .mapTo(Integer.class)
                .one());
    }

    private Optional<String> version() {
        return version(database.access().reads() ? "schema_version" : "schema_version_asked");
    }

    private Optional<String> version(String statement) {
        try {
            return database.once(handle -> handle.createQuery(database.sql(statement))
                    .mapTo(String.class)
                    .findOne());
        } catch (RuntimeException e) {
            if (SqlErrors.find(e)
                    .filter(sql -> UNDEFINED.contains(String.valueOf(sql.getSQLState())))
                    .isPresent()) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private String checkServer() {
        database.borrowCheck().requirePool();
        DatabaseFacts facts = DatabaseFacts.of(database);
        facts.check();
        database.askFor(facts);
        return facts.name();
    }
}
