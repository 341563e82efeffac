package dev.millrace.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.MillraceBuilder;
import dev.millrace.event.ConnectionException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A failover to a server that lacks what the old primary had acknowledged, and the old primary's return. */
class FailoverTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private OwnServer server;
    private final List<String> runs = Collections.synchronizedList(new ArrayList<>());

    record Task(int number) {}

    @BeforeEach
    void start() throws Exception {
        server = OwnServer.in(folder);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Millrace connect(Consumer<MillraceBuilder> source) {
        MillraceBuilder builder = Millrace.builder()
                .lease(Duration.ofSeconds(6))
                .patience(Duration.ofSeconds(30))
                .migrate();
        source.accept(builder);
        return builder.connect();
    }

    private Executor<Task> tasks(Millrace millrace) {
        return millrace.executor("tasks", Task.class)
                .voidHandler((task, run) ->
                        runs.add(run.event().id() + " attempt " + run.attempt() + " of " + millrace.workerId()))
                .build();
    }

    /** An event that waits in the copy, and has been run on the server that is lost then. */
    private UUID runWhatIsLostThen(Millrace millrace, Executor<Task> tasks) throws Exception {
        tasks.execute();
        assertThat(tasks.await(tasks.append(new Task(0)), LONG)).isPresent(); // it is registered
        tasks.stop();
        UUID lost = tasks.append(new Task(1));
        server.copy("first", "second");
        tasks.execute();
        assertThat(tasks.await(lost, LONG)).isPresent();
        assertThat(server.text("select worker from outcome where id = '" + lost + "'"))
                .isEqualTo(millrace.workerId().toString());
        server.switchTo("second");
        return lost;
    }

    private void assertRunUnderAnotherId(Executor<Task> tasks, UUID lost) throws Exception {
        assertThat(tasks.await(lost, LONG)).isPresent();
        server.await("select exists (select from outcome where id = '" + lost + "')");
        assertThat(server.number("select timeline()")).isEqualTo(2);
        assertThat(runs)
                .filteredOn(run -> run.startsWith(lost.toString()))
                .hasSize(2)
                .doesNotHaveDuplicates();
        assertThat(server.number("select count(*) from attempt where reason = 'lost'"))
                .isZero();
    }

    @Test
    @DisplayName(
            "13.8 what a failover lost is run again, under another worker's id; the old primary is refused by name")
    void failover_toAServerThatLacksAClaim_registersAnew() throws Exception {
        try (Millrace millrace = connect(builder -> builder.jdbcUrl(server.url()))) {
            Executor<Task> tasks = tasks(millrace);
            UUID lost = runWhatIsLostThen(millrace, tasks);
            assertRunUnderAnotherId(tasks, lost);

            server.switchTo("first"); // which nobody stopped
            assertThatThrownBy(() -> tasks.append(new Task(2)))
                    .isInstanceOf(ConnectionException.class)
                    .hasMessageContainingAll(
                            "a primary that another one has replaced", "two primaries", "timeline 1", "timeline 2");
            server.switchTo("second");
            UUID after = tasks.append(new Task(3));
            assertThat(tasks.await(after, LONG)).isPresent();
        }
    }

    @Test
    @DisplayName("13.8 the same over a pool of the application's")
    void failover_overTheApplicationsPool_registersAnew() throws Exception {
        HikariDataSource pool = new HikariDataSource();
        pool.setJdbcUrl(server.url());
        pool.setMaximumPoolSize(4);
        pool.setConnectionTimeout(1_000);
        try (pool;
                Millrace millrace = connect(builder -> builder.dataSource(pool))) {
            Executor<Task> tasks = tasks(millrace);
            UUID lost = runWhatIsLostThen(millrace, tasks);
            assertRunUnderAnotherId(tasks, lost);
        }
    }

    @Test
    @DisplayName("13.8 a worker whose registration was renewed last before what it heard of registers anew")
    void renewal_thatTheDatabaseHasForgotten_registersAnew() throws Exception {
        try (Millrace millrace = connect(builder -> builder.jdbcUrl(server.url()))) {
            Executor<Task> tasks = tasks(millrace);
            tasks.execute();
            assertThat(tasks.await(tasks.append(new Task(0)), LONG)).isPresent();
            String before = millrace.workerId().toString();
            server.await("select heartbeat_at > started_at from worker"); // one that it heard of
            server.execute("update worker set heartbeat_at = heartbeat_at - interval '1 second'");

            server.await("select count(*) = 1 and bool_and(id <> '" + before + "') from worker");
            assertThat(tasks.await(tasks.append(new Task(1)), LONG)).isPresent();
        }
    }
}
