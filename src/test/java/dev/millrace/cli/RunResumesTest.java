package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code run} in JVMs of its own, on its own PostgreSQL, stopped and killed on the way. */
class RunResumesTest {
    private static final int CALLS = 240;
    private static final int CONCURRENCY = 5;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void run_stoppedThenKilledThenStartedAgain_settlesEachCallOnce() throws Exception {
        try (SampleApi api = SampleApi.start(0, Duration.ofSeconds(20))) {
            Path file = callFile(api);

            stopped(file);
            Set<String> settledAtStop = settled();
            killed(file);
            Set<String> settledAtKill = settled();
            Map<String, Integer> askedAtKill = api.requests();
            Path out = folder.resolve("results.jsonl");
            String last = finished(file, out);

            assertThat(settledAtStop).isNotEmpty().hasSizeLessThan(CALLS);
            assertThat(settledAtKill).containsAll(settledAtStop).hasSizeGreaterThan(settledAtStop.size());
            assertThat(settledAtKill).hasSizeLessThan(CALLS);
            assertThat(last).contains("\"completed\":" + CALLS);
            assertEachLineOnce(out);
            // What had settled was not asked for again; what was under way when it was killed may have been.
            assertThat(api.requests()).hasSize(CALLS);
            assertThat(settledAtKill)
                    .allSatisfy(target -> assertThat(api.requests().get(target)).isEqualTo(askedAtKill.get(target)));
            assertThat(api.requests().values().stream()
                            .mapToInt(count -> count - 1)
                            .sum())
                    .isLessThanOrEqualTo(CONCURRENCY);

            Map<String, Integer> asked = api.requests();
            finished(file, out);
            assertThat(api.requests()).isEqualTo(asked);
        }
        assertThat(Postmaster.processesOf(data())).isEmpty();
    }

    /** Ends by SIGTERM: it says so, puts everything away, and leaves no server. */
    private void stopped(Path file) throws Exception {
        try (ChildJvm run = start(file)) {
            run.readUntil("settled  pending");
            run.readUntil("settled  pending");
            run.terminate();
            assertThat(run.readAll())
                    .containsPattern("interrupted with \\d+ of " + CALLS + " calls settled; the same command resumes");
            assertThat(run.exitCode()).isEqualTo(143);
        }
        assertThat(Postmaster.processesOf(data())).isEmpty();
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("millrace"))) {
            assertThat(postgres.reused()).isFalse();
        }
    }

    private void killed(Path file) throws Exception {
        try (ChildJvm run = start(file)) {
            for (int lines = 0; lines < 2; lines++) {
                run.readUntil("settled  pending");
            }
            run.kill();
        }
    }

    private String finished(Path file, Path out) throws Exception {
        try (ChildJvm run = start(file, "--out", out.toString(), "--json")) {
            String all = run.readAll();
            assertThat(run.exitCode()).as(all).isZero();
            return all;
        }
    }

    private ChildJvm start(Path file, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "run", file.toString(), "--concurrency", "" + CONCURRENCY, "--rate", "40/s", "--data", "millrace"));
        arguments.addAll(List.of(more));
        return ChildJvm.start(folder, Main.class, arguments.toArray(String[]::new));
    }

    private Path callFile(SampleApi api) throws IOException {
        String lines = IntStream.range(0, CALLS)
                .mapToObj(i -> "{\"url\": \"" + api.address() + "/ok/" + i + "\", \"priority\": " + i % 4 + "}\n")
                .collect(Collectors.joining());
        return Files.writeString(folder.resolve("calls.jsonl"), lines);
    }

    private void assertEachLineOnce(Path out) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        Set<String> ids = new HashSet<>();
        for (String line : Files.readAllLines(out)) {
            JsonNode result = JSON.readTree(line);
            assertThat(result.path("status").asText()).isEqualTo("completed");
            assertThat(result.path("body").asText())
                    .contains("/ok/" + (result.path("line").asInt() - 1) + "\"");
            numbers.add(result.path("line").asInt());
            ids.add(result.path("id").asText());
        }
        assertThat(numbers).isEqualTo(IntStream.rangeClosed(1, CALLS).boxed().toList());
        assertThat(ids).hasSize(CALLS);
    }

    /** The paths of the calls that have settled, by the database, whose server is left running by a kill. */
    private Set<String> settled() throws Exception {
        boolean running = Postmaster.of(data()).isPresent();
        if (running) {
            String password = Files.readString(folder.resolve("millrace/password"));
            return settled(LocalConnection.await(data(), password, Duration.ofSeconds(10))
                    .orElseThrow());
        }
        try (LocalPostgres postgres = LocalPostgres.start(folder.resolve("millrace"))) {
            return settled(postgres.connection());
        }
    }

    private static Set<String> settled(LocalConnection server) throws SQLException {
        Set<String> targets = new HashSet<>();
        try (Connection connection = DriverManager.getConnection(server.url(), server.user(), server.password());
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select regexp_replace(payload->>'url', '^http://[^/]*', '')"
                        + " from millrace.outcome join millrace.event using (id)")) {
            while (rows.next()) {
                targets.add(rows.getString(1));
            }
        }
        return targets;
    }

    private Path data() {
        return folder.resolve("millrace/data");
    }
}
