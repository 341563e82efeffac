package dev.millrace.postgres;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.flywaydb.database.postgresql.PostgreSQLConfigurationExtension;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The PostgreSQL server of a test run, with a migrated template that databases are cloned from. Databases carry a
 * random name of this run, so that several runs may share an external server. Thread-safe.
 */
final class TestServer implements AutoCloseable {
    /** Names an external server: an environment variable or a system property, user and password in the URL. */
    static final String EXTERNAL_URL = "MILLRACE_TEST_JDBC_URL";

    /** Names a migrated database of that server, of the same build and without connections. */
    static final String EXTERNAL_TEMPLATE = "MILLRACE_TEST_TEMPLATE";

    private static final String IMAGE = "postgres:18-alpine";
    private static final Duration START_LIMIT = Duration.ofSeconds(60); // 1 s as a rule; a loaded machine takes longer
    private static final int MAX_NAME = 63;

    /** To each database: more than any test has transactions open at once. */
    private static final int POOLED_CONNECTIONS = 20;

    private static final Pattern JDBC_URL = Pattern.compile("(jdbc:postgresql://[^/?]*/)([^?]*)(\\?.*)?");

    private final Closeable server;
    private final String prefix;
    private final String adminDatabase;
    private final String parameters;
    private final String run =
            "millrace_" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
    private final AtomicInteger databases = new AtomicInteger();
    private @Nullable PgBouncer pooler; // set while it starts
    private @Nullable Path poolerFolder;

    private TestServer(Closeable server, String adminUrl) {
        Matcher url = JDBC_URL.matcher(adminUrl);
        if (!url.matches() || url.group(2).isEmpty()) {
            throw new IllegalArgumentException(EXTERNAL_URL
                    + " must look like jdbc:postgresql://host:port/database?user=u&password=p, and name a database");
        }
        this.server = server;
        this.prefix = url.group(1);
        this.adminDatabase = url.group(2);
        this.parameters = url.group(3) == null ? "?" : url.group(3) + "&";
    }

    /**
     * A running server whose template is migrated: external if there is a URL, else a container, else embedded.
     *
     * @param migrated a database of the external server to take the template from; null to migrate one
     */
    static TestServer start(@Nullable String external, @Nullable String migrated, boolean pooled) {
        TestServer server = open(external);
        try {
            if (pooled) {
                server.pool();
            }
            if (external != null && migrated != null) {
                server.administer("create database " + server.template() + " template " + migrated);
                return server;
            }
            server.administer("create database " + server.template());
            migrate(server.url(server.template(), "template"));
            return server;
        } catch (RuntimeException e) {
            try {
                server.close();
            } catch (IOException | RuntimeException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    private static TestServer open(@Nullable String external) {
        if (external != null) {
            return new TestServer(() -> {}, external);
        }
        if (dockerAnswers()) {
            PostgreSQLContainer container = new PostgreSQLContainer(IMAGE).withCommand("postgres", "-c", "fsync=off");
            container.start();
            String login = "user=" + container.getUsername() + "&password=" + container.getPassword();
            String url = container.getJdbcUrl();
            return new TestServer(container::close, url + (url.contains("?") ? "&" : "?") + login);
        }
        try {
            EmbeddedPostgres embedded =
                    EmbeddedPostgres.builder().setPGStartupWait(START_LIMIT).start();
            return new TestServer(embedded, embedded.getJdbcUrl("postgres", "postgres"));
        } catch (IOException | IllegalStateException e) {
            throw new IllegalStateException(
                    "no PostgreSQL for the tests: the embedded one did not start (as root it needs `unshare` and user"
                            + " namespaces). Set " + EXTERNAL_URL + " to one that runs, or start a Docker engine",
                    e);
        }
    }

    /** Asks only where an engine may be: asking in vain takes a second and logs an error. */
    private static boolean dockerAnswers() {
        boolean configured = System.getenv("DOCKER_HOST") != null || Files.exists(Path.of("/var/run/docker.sock"));
        return configured && DockerClientFactory.instance().isDockerAvailable();
    }

    /** Brings the database of that URL to the newest schema. The one place where tests migrate. */
    static void migrate(String url) {
        PGSimpleDataSource database = new PGSimpleDataSource();
        database.setUrl(url);
        var flyway = Flyway.configure()
                .dataSource(database)
                .locations("classpath:dev/millrace/migration")
                .schemas("millrace")
                .defaultSchema("millrace")
                .table("schema_history");
        // A transaction-level lock would make `create index concurrently` wait for itself.
        flyway.getConfigurationExtension(PostgreSQLConfigurationExtension.class).setTransactionalLock(false);
        flyway.load().migrate();
    }

    /** A new database like the migrated template. {@code label} makes its name readable. */
    String createMigrated(String label) {
        return create(label, "template " + template());
    }

    /** A new database with the options of {@code create database}, which may be empty. */
    String create(String label, String options) {
        String readable = label.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "_");
        String name = run + "_" + databases.incrementAndGet() + "_" + readable;
        name = name.substring(0, Math.min(MAX_NAME, name.length()));
        administer("create database " + name + " " + options);
        return name;
    }

    /** Drops a database, ending the connections it still has. */
    void drop(String name) {
        administer("drop database if exists " + name + " with (force)");
    }

    /** How to reach a database; {@code application} is the name its connections show in pg_stat_activity. */
    String url(String database, String application) {
        return url(database) + "&ApplicationName=" + application;
    }

    private void pool() {
        Path binary = PgBouncer.binary()
                .orElseThrow(
                        () -> new IllegalStateException(
                                "tests through a pooler need pgbouncer on the PATH or in /usr/sbin (Debian: apt-get install pgbouncer)"));
        try {
            Path folder = Files.createTempDirectory("millrace-pooler-");
            poolerFolder = folder;
            pooler = PgBouncer.start(binary, folder, url(adminDatabase), POOLED_CONNECTIONS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A URL of this server as one through its pooler, as docs/sql.md has users write it. */
    String pooled(String url) {
        return Objects.requireNonNull(pooler, "this server has no pooler").through(url) + "&prepareThreshold=0";
    }

    /** How to reach a database, with user and password. */
    String url(String database) {
        return prefix + database + parameters + "tcpKeepAlive=true";
    }

    /** The migrated database that others are cloned from; nobody connects to it. */
    String template() {
        return run + "_template";
    }

    private void administer(String sql) {
        try (Connection connection = DriverManager.getConnection(url(adminDatabase, "millrace-test-admin"));
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException("test server refused: " + sql + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        try (server) {
            drop(template());
        } finally {
            if (pooler != null) {
                pooler.close();
            }
            if (poolerFolder != null) {
                delete(poolerFolder);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
