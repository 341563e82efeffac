package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.event.ConfigurationException;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import dev.millrace.store.Schema;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A database that does not fit is refused when connecting, with what was found and what is needed. */
@NotPooled("about how databases are refused and migrated, by their own words")
@PostgresTest
class DatabaseCheckTest {
    private final TestDatabase database;

    DatabaseCheckTest(TestDatabase database) {
        this.database = database;
    }

    record Call(String name) {}

    private static void assertRefused(TestDatabase database, String reason) {
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Millrace.connect(database.newPool(2)))
                .withMessageContaining(reason);
        assertThatExceptionOfType(ConfigurationException.class)
                .isThrownBy(() -> Millrace.connect(database.jdbcUrl()))
                .withMessageContaining(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"LATIN1", "SQL_ASCII"})
    void connect_databaseNotInUtf8_isRefused(String encoding) {
        TestDatabase other = database.empty("encoding '" + encoding + "' locale 'C' template template0");

        assertRefused(other, "is encoded as " + encoding + "; Millrace needs UTF8");
        assertThatThrownBy(() -> Millrace.migrate(other.newPool(2)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(encoding);
        assertThat(other.longValue("select count(*) from pg_namespace where nspname = 'millrace'"))
                .isZero();
    }

    @Test
    void migrate_whereTransactionsAreReadOnlyByDefault_leavesThePoolsSessionsAsTheyWere() throws SQLException {
        TestDatabase other = database.empty();
        other.execute("alter database " + other.name() + " set default_transaction_read_only = on");
        HikariDataSource pool = other.newPool(2);

        Millrace.migrate(pool);

        try (Connection one = pool.getConnection();
                Connection two = pool.getConnection()) {
            for (Connection connection : List.of(one, two)) {
                try (Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery("show default_transaction_read_only")) {
                    row.next();
                    assertThat(row.getString(1)).isEqualTo("on");
                }
            }
        }
    }

    @Test
    void connect_readOnlyPool_isRefused() {
        HikariDataSource pool = database.newPool(2, config -> config.setReadOnly(true));

        assertThatThrownBy(() -> Millrace.connect(pool))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("is reached by a pool of read-only connections")
                .hasMessageContaining("pool's readOnly");
    }

    @Test
    void connect_databaseWithoutTheSchema_saysHowToMakeIt() {
        TestDatabase empty = database.empty();

        assertRefused(
                empty,
                "schema 'millrace' has version none, this Millrace needs version " + Schema.VERSION
                        + "; bring it up to date with Millrace.migrate(dataSource)");
    }

    @Test
    void connect_olderSchema_saysWhichIsThereAndWhichIsNeeded() {
        TestDatabase older = database.another();
        older.execute("update schema_history set version = '0.9' where version = '1'");
        older.execute("delete from schema_history where version::float > 1");

        assertRefused(
                older,
                "schema 'millrace' has version 0.9, this Millrace needs version " + Schema.VERSION
                        + "; bring it up to date");
    }

    private TestDatabase migratedBy(String version, int oldestLibrary) {
        TestDatabase newer = database.another();
        newer.execute(
                "insert into schema_history (installed_rank, version, description, type, script, checksum, installed_by,"
                        + " execution_time, success) values (999, '" + version
                        + "', 'x', 'SQL', 'x', 1, 'x', 1, true)");
        newer.execute("create or replace function millrace.oldest_library() returns integer language sql immutable"
                + " as 'select " + oldestLibrary + "'");
        return newer;
    }

    @ParameterizedTest
    @ValueSource(strings = {"999", "99.1.2"})
    @DisplayName("12.12 a schema that a newer library made its own is refused in words that an operator understands")
    void connect_newerSchema_saysToUpgrade(String version) {
        TestDatabase newer = migratedBy(version, 99);

        assertRefused(
                newer,
                "schema 'millrace' has version " + version + ", this Millrace needs version " + Schema.VERSION
                        + "; a newer Millrace migrated it: upgrade this one. No library older than version 99 may work with"
                        + " it. In a rolling deploy");
        assertThatThrownBy(() -> Millrace.builder()
                        .dataSource(newer.newPool(2))
                        .migrate()
                        .connect())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("upgrade this one")
                .hasMessageContaining("processes of the new release have taken its place");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @DisplayName("12.12 a newer schema that still works with this library is accepted with one line")
    void connect_newerSchemaThatAllowsThisLibrary_works(boolean migrates) throws InterruptedException {
        TestDatabase newer = migratedBy("999", Integer.parseInt(Schema.VERSION));
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        Logger logger = (Logger) LoggerFactory.getLogger("dev.millrace");
        logger.addAppender(lines);
        MillraceBuilder builder = Millrace.builder().dataSource(newer.newPool(6));
        try (Millrace millrace = (migrates ? builder.migrate() : builder).connect()) {
            Executor<Call> calls = millrace.executor("calls", Call.class)
                    .handler((call, run) -> call.name())
                    .build();
            calls.append(new Call("x"));
            calls.start();

            assertThat(calls.forward()).isEqualTo(1);
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list)
                .filteredOn(line -> line.getFormattedMessage().contains("a newer Millrace migrated it"))
                .singleElement()
                .satisfies(line -> {
                    assertThat(line.getLevel()).isEqualTo(Level.INFO);
                    assertThat(line.getFormattedMessage()).contains("version 999", "this one needs " + Schema.VERSION);
                });
    }

    @Test
    @DisplayName("12.12 what the schema says of its oldest library is not older than the wave that began to say it")
    void oldestLibrary_ofThisBuild_isOneThatMay() {
        assertThat(database.longValue("select oldest_library()")).isBetween(20L, Long.parseLong(Schema.VERSION));
    }

    @Test
    void version_ofThisBuild_isThatOfTheNewestMigration() {
        assertThat(database.text("select version from schema_history order by installed_rank desc limit 1"))
                .isEqualTo(Schema.VERSION);
    }

    @Test
    @Timeout(120)
    void connect_databaseThatDoesNotExist_isRefusedAtOnce() {
        String url = database.jdbcUrl().replace(database.name(), "millrace_no_such_database");

        assertThatThrownBy(() -> Millrace.builder()
                        .jdbcUrl(url)
                        .patience(Duration.ofHours(1)) // which is what it would take if it were not refused at once
                        .connect())
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("millrace_no_such_database")
                .hasMessageContaining("3D000");
    }

    @Test
    void connect_nobodyListens_saysSoAfterThePatience() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }

        assertThatExceptionOfType(ConnectionException.class)
                .isThrownBy(() -> Millrace.builder()
                        .jdbcUrl("jdbc:postgresql://localhost:" + port + "/x?user=u&password=canary")
                        .patience(Duration.ofMillis(100))
                        .connect())
                .withMessageContaining(
                        "the database refuses connections, nobody listens there, tried for PT0.1S; last: ")
                .withMessageContaining("refused")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("canary"));
    }

    @Test
    void connect_roleWithoutRights_saysSo() {
        String role = database.name() + "_nobody";
        database.execute("create role " + role + " login");
        try {
            String url = database.jdbcUrl().replaceFirst("user=[^&]*", "user=" + role);
            assertThatExceptionOfType(ConfigurationException.class)
                    .isThrownBy(() -> Millrace.connect(url))
                    .withMessageContaining("permission denied for schema millrace [42501]")
                    .withMessageContaining("look at the role's rights");
        } finally {
            database.execute("drop role " + role);
        }
    }

    @Test
    void migrate_schemaWithSomeoneElsesTables_isRefusedAndChangesNothing() {
        TestDatabase taken = database.empty();
        taken.execute("create schema millrace");
        taken.execute("create table millrace.theirs (n int)");

        assertThatThrownBy(() -> Millrace.migrate(taken.newPool(2)))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("schema 'millrace' could not be migrated");
        assertThat(taken.list(String.class, "select tablename::text from pg_tables where schemaname = 'millrace'"))
                .containsExactly("theirs");
    }

    @Test
    void migrate_fourAtOnceFiveTimes_appliesEachMigrationOnce() throws Exception {
        for (int round = 0; round < 5; round++) {
            TestDatabase empty = database.empty();
            atOnce(4, () -> Millrace.migrate(empty.newPool(3)));

            assertThat(empty.list(
                            String.class,
                            "select version from schema_history where version is not null order by installed_rank"))
                    .doesNotHaveDuplicates()
                    .last()
                    .isEqualTo(Schema.VERSION);
            try (Millrace millrace = Millrace.connect(empty.newPool(2))) {
                assertThat(millrace.executor("calls", Call.class).build().statusCounts())
                        .containsEntry(EventStatus.PENDING, 0L);
            }
        }
    }

    private static void atOnce(int number, Runnable work) throws InterruptedException, ExecutionException {
        CyclicBarrier start = new CyclicBarrier(number);
        try (ExecutorService threads = Executors.newFixedThreadPool(number)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                all.add(threads.submit(() -> {
                    start.await();
                    work.run();
                    return null;
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
    }

    @Test
    void migrate_again_changesNothing() {
        TestDatabase other = database.another();
        long before = other.longValue("select count(*) from schema_history");

        Millrace.migrate(other.newPool(2));

        assertThat(other.longValue("select count(*) from schema_history")).isEqualTo(before);
    }

    @Test
    void connect_twoSchemasInOneDatabase_doNotSeeEachOther() throws InterruptedException {
        HikariDataSource pool = database.newPool(6);
        try (Millrace one = Millrace.builder()
                        .dataSource(pool)
                        .schema("one")
                        .migrate()
                        .connect();
                Millrace two = Millrace.builder()
                        .dataSource(pool)
                        .schema("_two2")
                        .migrate()
                        .connect()) {
            Executor<Call> ones = one.executor("calls", Call.class)
                    .handler((call, run) -> "one")
                    .build();
            Executor<Call> twos = two.executor("calls", Call.class)
                    .handler((call, run) -> run.emit("two"))
                    .build();
            UUID id = ones.append(new Call("x"));
            UUID same = twos.append(new Call("y"), Append.defaults().withId(id));
            assertThat(same).isEqualTo(id);
            twos.append(new Call("z"), Append.defaults().withRunAt(Instant.now().plusMillis(1)));
            twos.execute();
            ones.start();

            assertThat(twos.join(Duration.ofSeconds(60))).isTrue();
            database.await("select count(*) = 2 from _two2.outcome");

            assertThat(ones.statusCounts())
                    .containsEntry(EventStatus.PENDING, 1L)
                    .containsEntry(EventStatus.COMPLETED, 0L);
            assertThat(ones.event(id).orElseThrow().payload()).isEqualTo(new Call("x"));
            assertThat(twos.event(id).orElseThrow().payload()).isEqualTo(new Call("y"));
            assertThat(ones.forward()).isEqualTo(1);
            assertThat(ones.chunks(id, 0, 10)).isEmpty();
            assertThat(twos.chunks(id, 0, 10)).hasSize(1);
            assertThat(database.longValue("select count(*) from one.worker")).isEqualTo(1);
            assertThat(one.workerId()).isNotEqualTo(two.workerId());
        }
        assertThat(database.longValue("select count(*) from event")).isZero();
        assertThat(database.longValue("select (select count(*) from one.worker) + (select count(*) from _two2.worker)"))
                .isZero();
    }
}
