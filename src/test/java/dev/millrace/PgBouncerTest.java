package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.event.ConfigurationException;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PgBouncer;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;
import org.slf4j.LoggerFactory;

/** Everything works through PgBouncer in transaction mode, and nothing is left in the sessions behind it. */
@NotPooled("it has a pooler of its own")
@PostgresTest
class PgBouncerTest {
    @TempDir
    private Path folder;

    private final TestDatabase database;
    private PgBouncer bouncer;

    PgBouncerTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void start() throws Exception {
        Path binary = PgBouncer.binary().orElse(null);
        assumeTrue(binary != null, "no pgbouncer on the PATH or in /usr/sbin (Debian: apt-get install pgbouncer)");
        database.truncateAll();
        bouncer = PgBouncer.start(binary, folder, database);
    }

    @AfterEach
    void stop() {
        if (bouncer != null) {
            bouncer.close();
        }
    }

    @Test
    void everything_throughTransactionPooling_works() throws Exception {
        String url = bouncer.url(database) + "&prepareThreshold=0";
        PGSimpleDataSource own = new PGSimpleDataSource();
        own.setUrl(url);
        try (Millrace millrace = Millrace.connect(url)) {
            new BroadScenario(millrace, own).play();

            assertThat(settingsOfAllSessions(url))
                    .hasSize(PgBouncer.SERVER_CONNECTIONS)
                    .containsOnly("read committed, off, 0, 0, \"$user\", public, listening to 0");
        }
        assertThat(database.longValue("select count(*) from pg_locks where locktype = 'advisory'"))
                .isZero();
        assertThat(database.longValue("select count(*) from worker")).isZero();
    }

    @Test
    void worker_behindTransactionPooling_doesNotListenAndPolls() throws Exception {
        String url = bouncer.url(database) + "&prepareThreshold=0";
        try (Millrace worker = Millrace.connect(url);
                Millrace appender = Millrace.connect(database.newPool(2))) {
            Executor<BroadScenario.Work> works = worker.executor("works", BroadScenario.Work.class)
                    .pollInterval(Duration.ofMillis(50))
                    .handler((work, run) -> null)
                    .build();
            works.execute();
            Executor<BroadScenario.Work> elsewhere =
                    appender.executor("works", BroadScenario.Work.class).build();

            for (int i = 0; i < 5; i++) {
                UUID id = elsewhere.append(new BroadScenario.Work(i, "polled"));
                assertThat(elsewhere.await(id, Duration.ofSeconds(60))).isPresent();
            }

            assertThat(database.longValue("select count(*) from sleeper")).isZero();
            assertThat(settingsOfAllSessions(url)).allMatch(settings -> settings.endsWith("listening to 0"));
        }
    }

    @Test
    void append_throughTransactionPooling_wakesAWorkerThatIsConnectedDirectly() throws Exception {
        try (Millrace worker = Millrace.connect(database.newPool(4));
                Millrace appender = Millrace.connect(bouncer.url(database) + "&prepareThreshold=0")) {
            worker.executor("works", BroadScenario.Work.class)
                    .pollInterval(Duration.ofMinutes(10))
                    .handler((work, run) -> null)
                    .build()
                    .execute();
            Executor<BroadScenario.Work> elsewhere =
                    appender.executor("works", BroadScenario.Work.class).build();
            database.await("select exists (select from sleeper where flow > 0)");

            UUID id = elsewhere.append(new BroadScenario.Work(1, "woken"));

            assertThat(elsewhere.await(id, Duration.ofSeconds(60))).isPresent();
        }
    }

    /** Of each connection behind the proxy: as many transactions at once as it has take one each. */
    private static List<String> settingsOfAllSessions(String url) throws SQLException {
        List<Connection> connections = new ArrayList<>();
        List<String> settings = new ArrayList<>();
        try {
            for (int i = 0; i < PgBouncer.SERVER_CONNECTIONS; i++) {
                Connection connection = DriverManager.getConnection(url);
                connections.add(connection);
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery(
                                "select concat_ws(', ', current_setting('default_transaction_isolation'),"
                                        + " current_setting('default_transaction_read_only'),"
                                        + " current_setting('statement_timeout'), current_setting('lock_timeout'),"
                                        + " current_setting('search_path'),"
                                        + " 'listening to ' || (select count(*) from pg_listening_channels()))")) {
                    row.next();
                    settings.add(row.getString(1));
                }
            }
            return settings;
        } finally {
            for (Connection connection : connections) {
                connection.close();
            }
        }
    }

    @Test
    void migrate_throughTransactionPooling_isRefusedAndChangesNoSession() throws Exception {
        TestDatabase empty = database.empty();
        String url = bouncer.url(empty) + "&prepareThreshold=0";
        PGSimpleDataSource own = new PGSimpleDataSource();
        own.setUrl(url);

        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Millrace.migrate(own))
                .withMessageContaining("schema 'millrace' was not migrated: a proxy that pools transactions")
                .withMessageContaining("migrate over a direct connection");
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Millrace.builder().jdbcUrl(url).migrate().connect())
                .withMessageContaining("migrate over a direct connection");

        assertThat(settingsOfAllSessions(url))
                .containsOnly("read committed, off, 0, 0, \"$user\", public, listening to 0");
        assertThat(empty.longValue("select count(*) from pg_namespace where nspname = 'millrace'"))
                .isZero();
    }

    @Test
    void migrate_throughTransactionPoolingOfASchemaThatIsUpToDate_hasNothingToDo() throws Exception {
        String url = bouncer.url(database) + "&prepareThreshold=0";

        try (Millrace millrace =
                Millrace.builder().jdbcUrl(url).migrate().listen(false).connect()) {
            assertThat(millrace.executor("tasks", String.class).build().statusCounts())
                    .isNotEmpty();
        }

        assertThat(settingsOfAllSessions(url))
                .containsOnly("read committed, off, 0, 0, \"$user\", public, listening to 0");
    }

    @Test
    void connect_throughAProxyThatMayNotKnowPreparedStatements_warnsOfIt() {
        assertThat(warningsOfConnecting(bouncer.url(database)))
                .singleElement()
                .asString()
                .contains("database=" + database.name() + " is behind a proxy", "prepareThreshold=0", "1.21");
        assertThat(warningsOfConnecting(bouncer.url(database) + "&prepareThreshold=0"))
                .isEmpty();
        assertThat(warningsOfConnecting(database.directUrl())).isEmpty();
    }

    private static List<String> warningsOfConnecting(String url) {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.millrace.store.Between");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try (Millrace millrace = Millrace.connect(url)) {
            assertThat(millrace.executor("works", BroadScenario.Work.class)
                            .build()
                            .statusCounts())
                    .hasSize(7);
        } finally {
            logger.detachAppender(lines);
        }
        return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void call_withPreparedStatements_saysWhichSettingIsMissing() throws Exception {
        try (Millrace millrace = Millrace.connect(bouncer.url(database));
                ExecutorService threads = Executors.newFixedThreadPool(8)) {
            Executor<BroadScenario.Work> works =
                    millrace.executor("works", BroadScenario.Work.class).build();
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(threads.submit(() -> {
                    for (int n = 0; n < 200; n++) {
                        assertThat(works.statusCounts()).hasSize(7);
                    }
                    return null;
                }));
            }

            assertThatExceptionOfType(ExecutionException.class)
                    .isThrownBy(() -> {
                        for (Future<?> one : all) {
                            one.get();
                        }
                    })
                    .havingCause()
                    .isInstanceOf(ConfigurationException.class)
                    .withMessageContaining("PgBouncer")
                    .withMessageContaining("prepareThreshold=0");
        }
    }
}
