package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.faults.FaultyNetwork;
import dev.millrace.postgres.LeavesRunningRows;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code run} in a process of its own, told to end while its calls take half a minute. */
@PostgresTest
class SignalTest {
    private static final int CALLS = 5;
    private static final int CONCURRENCY = 2;

    private final TestDatabase database;

    @TempDir
    private Path folder;

    private SampleApi api;

    SignalTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void serve() throws IOException {
        database.truncateAll();
        api = SampleApi.start(0, Duration.ofSeconds(30));
    }

    @AfterEach
    void stopServing() {
        api.close();
    }

    private ChildJvm run(String url, String grace) throws IOException {
        Path file = folder.resolve("calls.jsonl");
        Files.writeString(
                file,
                IntStream.range(0, CALLS)
                        .mapToObj(i -> "{\"url\": \"" + api.address() + "/slow/" + i + "\"}\n")
                        .collect(Collectors.joining()));
        return ChildJvm.start(
                folder,
                Main.class,
                "run",
                file.toString(),
                "--jdbc-url=" + url,
                "--concurrency=" + CONCURRENCY,
                "--timeout=2m",
                "--grace=" + grace);
    }

    private void awaitRunning() {
        for (int round = 0; round < 1_000 && api.requests().size() < CONCURRENCY; round++) {
            database.query("select pg_sleep(0.02)");
        }
        assertThat(api.requests()).hasSize(CONCURRENCY);
    }

    private static Duration since(long begin) {
        return Duration.ofNanos(System.nanoTime() - begin);
    }

    private void assertAllGivenBackWithoutADeath() {
        assertThat(database.longValue("select count(*) from running")).isZero();
        assertThat(database.longValue("select count(*) from worker")).isZero();
        assertThat(database.longValue("select count(*) from ready where deaths = 0"))
                .isEqualTo(CALLS);
        assertThat(database.list(String.class, "select reason from attempt"))
                .hasSizeGreaterThanOrEqualTo(CONCURRENCY) // and what was claimed ahead
                .containsOnly("shutdown");
    }

    @Test
    @DisplayName("A17 SIGTERM: what runs is given back within half a second after the grace")
    void sigterm_whileCallsRun_releasesThemSoonAfterTheGrace() throws Exception {
        try (ChildJvm run = run(database.jdbcUrl(), "1s")) {
            awaitRunning();
            long begin = System.nanoTime();
            run.terminate();
            database.await("select not exists (select from running)");
            Duration released = since(begin).minus(Duration.ofSeconds(1));

            assertThat(run.readAll()).contains("interrupted with 0 of 5 calls settled; the same command resumes");
            assertThat(run.exitCode()).isEqualTo(143);
            System.out.printf(
                    "SIGTERM: released %d ms after the grace, ended after %d ms%n",
                    released.toMillis(), since(begin).minusSeconds(1).toMillis());
            assertThat(released).isGreaterThanOrEqualTo(Duration.ZERO);
            assertAllGivenBackWithoutADeath();
        }
    }

    @Test
    @DisplayName("A17 a second SIGTERM ends the grace")
    void sigterm_twice_endsAtOnce() throws Exception {
        try (ChildJvm run = run(database.jdbcUrl(), "10m")) {
            awaitRunning();
            run.terminate();
            database.query("select pg_sleep(1)");
            assertThat(run.isAlive()).isTrue();
            assertThat(database.longValue("select count(*) from running")).isEqualTo(CONCURRENCY);

            long begin = System.nanoTime();
            run.terminate();
            assertThat(run.exitCode()).isEqualTo(143);

            System.out.printf(
                    "second SIGTERM: ended after %d ms%n", since(begin).toMillis()); // the grace was 10 min
            assertAllGivenBackWithoutADeath();
        }
    }

    @Test
    @LeavesRunningRows
    @DisplayName("A18 SIGTERM while the database does not answer: ended two seconds after the grace")
    void sigterm_whileTheDatabaseDoesNotAnswer_endsInTime() throws Exception {
        try (FaultyNetwork network = FaultyNetwork.before(database);
                ChildJvm run = run(network.through(database), "500ms")) {
            awaitRunning();
            network.swallowAll();
            database.query("select pg_sleep(1)");

            long begin = System.nanoTime();
            run.terminate();
            assertThat(run.exitCode()).isEqualTo(143);

            Duration took = since(begin).minus(Duration.ofMillis(500));
            System.out.printf("SIGTERM in an outage: ended %d ms after the grace%n", took.toMillis());
        }
    }
}
