package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that stalls without closing connections. */
class StalledServerTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int POOL = 4;
    private static final int STALL_SECONDS = 25;

    @TempDir
    private Path folder;

    private OwnServer server;

    record Task(int number) {}

    @BeforeEach
    void start() throws Exception {
        server = OwnServer.in(folder);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Millrace worker(int number) {
        return Millrace.builder()
                .jdbcUrl(server.url() + "&ApplicationName=worker-" + number)
                .poolSize(POOL)
                .lease(Duration.ofSeconds(2))
                .shutdownGrace(Duration.ofSeconds(1))
                .migrate()
                .connect();
    }

    private static Executor<Task> tasks(Millrace millrace) {
        return millrace.executor("tasks", Task.class)
                .voidHandler((task, run) -> {})
                .build();
    }

    /** The most sessions that one process had at once, in samples taken while the stall lasts. */
    private long mostSessions() throws InterruptedException {
        long most = 0;
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; i < STALL_SECONDS * 10; i++) {
            most = Math.max(
                    most,
                    server.number("select coalesce(max(n), 0) from (select count(*) as n from pg_stat_activity"
                            + " where application_name like 'worker-%' group by application_name) each"));
            assertThat(never.await(100, TimeUnit.MILLISECONDS)).isFalse();
        }
        return most;
    }

    @Test
    @DisplayName("13.5 while somebody locks the table of workers, a process has no more sessions than its pool and two")
    void sessions_whileATableIsLocked_areBounded() throws Exception {
        try (Millrace one = worker(1);
                Millrace other = worker(2)) {
            Executor<Task> tasks = tasks(one);
            Executor<Task> others = tasks(other);
            tasks.execute();
            others.execute();
            assertThat(tasks.await(tasks.append(new Task(0)), LONG)).isPresent();

            long most;
            try (Connection holder = DriverManager.getConnection(server.url() + "&ApplicationName=test");
                    Statement statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                boolean unused = statement.execute("lock table millrace.worker in access exclusive mode");
                most = mostSessions();
                holder.rollback();
            }

            assertThat(most).isBetween(1L, POOL + 2L);
            assertThat(tasks.await(tasks.append(new Task(1)), LONG)).isPresent();
            System.out.println(
                    "13.5 table locked for " + STALL_SECONDS + " s: at most " + most + " sessions a process");
        }
    }

    /** The server follows its settings a moment after it has been told to: commits until a commit waits. */
    private CompletableFuture<Void> awaitHeldCommit(ExecutorService threads) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; i < 600; i++) {
            CompletableFuture<Void> commit = CompletableFuture.runAsync(
                    () -> server.execute("select pg_logical_emit_message(true, 'test', 'a commit')"), threads);
            for (int look = 0; look < 600 && !commit.isDone(); look++) {
                if (server.number("select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
                                + " and query like 'select pg_logical_emit_message%'")
                        > 0) {
                    return commit;
                }
                assertThat(never.await(100, TimeUnit.MILLISECONDS)).isFalse();
            }
        }
        throw new AssertionError("no commit waits for a standby");
    }

    @Test
    @DisplayName(
            "13.5 while the only synchronous standby is away, a process has no more sessions than its pool and two")
    void sessions_whileTheStandbyIsAway_areBounded() throws Exception {
        ExecutorService appenders = Executors.newVirtualThreadPerTaskExecutor();
        try (appenders;
                Millrace one = worker(1);
                Millrace other = worker(2)) {
            Executor<Task> tasks = tasks(one);
            Executor<Task> others = tasks(other);
            tasks.execute();
            others.execute();
            assertThat(tasks.await(tasks.append(new Task(0)), LONG)).isPresent();

            server.execute("alter system set synchronous_standby_names = 'away'", "select pg_reload_conf()");
            CompletableFuture<Void> commit = awaitHeldCommit(appenders);
            List<CompletableFuture<UUID>> appended = new ArrayList<>();
            IntStream.range(1, 4)
                    .forEach(i ->
                            appended.add(CompletableFuture.supplyAsync(() -> tasks.append(new Task(i)), appenders)));
            long most = mostSessions();
            assertThat(appended).noneMatch(CompletableFuture::isDone);
            server.execute("alter system reset synchronous_standby_names", "select pg_reload_conf()");
            long back = System.nanoTime();
            CompletableFuture.anyOf(appended.toArray(CompletableFuture[]::new)).get(60, TimeUnit.SECONDS);
            long first = Duration.ofNanos(System.nanoTime() - back).toMillis();

            commit.get(60, TimeUnit.SECONDS);
            assertThat(most).isBetween(1L, POOL + 2L);
            for (CompletableFuture<UUID> id : appended) {
                assertThat(tasks.await(id.get(60, TimeUnit.SECONDS), LONG)).isPresent();
            }
            System.out.printf(
                    "13.5 standby away for %d s: at most %d sessions a process, first acknowledgement %d ms after its return%n",
                    STALL_SECONDS, most, first);
        }
    }

    @Test
    @DisplayName("13.5 sessions of Millrace notice when their client has gone, those of the application's pool as well")
    void sessions_always_noticeALostClient() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(server.url() + "&ApplicationName=worker-2");
        config.setMaximumPoolSize(1);
        worker(1).close(); // migrates
        try (HikariDataSource pool = new HikariDataSource(config);
                Millrace millrace = Millrace.connect(pool);
                Connection theirs = pool.getConnection();
                Statement statement = theirs.createStatement();
                var row = statement.executeQuery("show client_connection_check_interval")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString(1)).isEqualTo("1s");
            assertThat(millrace.fatalError()).isEmpty();
        }
        config.setConnectionInitSql("set client_connection_check_interval = '7s'");
        try (HikariDataSource pool = new HikariDataSource(config);
                Millrace millrace = Millrace.connect(pool);
                Connection theirs = pool.getConnection();
                Statement statement = theirs.createStatement();
                var row = statement.executeQuery("show client_connection_check_interval")) {
            assertThat(row.next()).isTrue();
            assertThat(row.getString(1))
                    .as("a setting of the application's own stays")
                    .isEqualTo("7s");
            assertThat(millrace.fatalError()).isEmpty();
        }
    }
}
