package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands in this JVM, on the database of the tests. */
@PostgresTest
class CommandLineTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TestDatabase database;

    @TempDir
    private Path folder;

    private SampleApi api;

    CommandLineTest(TestDatabase database) {
        this.database = database;
    }

    private record Finished(int code, String out, String err) {
        JsonNode json() throws IOException {
            return JSON.readTree(out.lines().reduce((first, second) -> second).orElse(""));
        }
    }

    @BeforeEach
    void startApi() throws IOException {
        api = SampleApi.start(0, Duration.ofSeconds(20));
    }

    @AfterEach
    void stopApi() {
        api.close();
    }

    @Test
    void run_ofAFile_makesEachCallAndTellsWhatCameOfIt() throws Exception {
        Path file = file(
                call("/ok/1", ""),
                "",
                call("/ok/2", ", \"method\": \"PUT\", \"body\": {\"a\": 1.10}"),
                call("/status/404", ""),
                call("/fail/1", ", \"priority\": 1"),
                call("/slow/1", ", \"timeout\": 0.3"));
        Path out = folder.resolve("results.jsonl");

        Finished finished = run(file, "--out", out.toString(), "--json");

        assertThat(finished.code).isZero();
        assertThat(finished.out.lines()).hasSize(1);
        JsonNode json = finished.json();
        assertThat(json.path("events").asInt()).isEqualTo(5);
        assertThat(json.path("counts").toString())
                .isEqualTo("{\"pending\":0,\"processing\":0,\"completed\":2,\"failed\":2,\"cancelled\":1,\"skipped\":0,"
                        + "\"aborted\":0}");
        List<JsonNode> results = results(out);
        assertThat(results).extracting(result -> result.path("line").asInt()).containsExactly(1, 3, 4, 5, 6);
        assertThat(results)
                .extracting(result -> result.path("status").asText())
                .containsExactly("completed", "completed", "failed", "failed", "cancelled");
        assertThat(results.get(0).path("http_status").asInt()).isEqualTo(200);
        assertThat(results.get(0).path("body").asText()).contains("\"target\":\"/ok/1\"");
        assertThat(results.get(2).path("http_status").asInt()).isEqualTo(404);
        assertThat(results.get(2).path("error").asText()).contains("answered 404");
        assertThat(results.get(4).path("error").asText()).isEqualTo("Operation timed out after 0.3s");
        assertThat(results.get(4).path("duration_s").asDouble()).isBetween(0.3, 10.0);
    }

    @Test
    @NotPooled("waits for a worker that says it sleeps, which only one does that hears notifications")
    void run_ofAPausedFlow_saysSoAndWaitsUntilItIsResumed() throws Exception {
        Path file = file(call("/ok/1", ""));
        try (Millrace millrace = Millrace.connect(database.newPool(2))) {
            Executor<HttpCall> client =
                    millrace.executor("slow-api", HttpCall.class).build();
            client.pause("the other side is down");
            CompletableFuture<Finished> running =
                    CompletableFuture.supplyAsync(() -> run(file, "--flow", "slow-api", "--json"));
            database.await("select count(*) = 1 from sleeper where flow > 0"); // it has looked, and waits
            assertThat(api.requests()).isEmpty();

            client.resume();

            Finished finished = running.get(60, TimeUnit.SECONDS);
            assertThat(finished.code).isZero();
            assertThat(finished.err).contains("the flow 'slow-api' is paused since ", "(the other side is down)");
            assertThat(finished.json().at("/counts/completed").asInt()).isOne();
        }
    }

    @Test
    void run_ofTheSameFileAgain_makesNoCallTwiceAndExportsTheSame() throws Exception {
        Path file = file(
                IntStream.range(0, 50).mapToObj(i -> call("/users/" + i, "")).toArray(String[]::new));
        Path first = folder.resolve("first.jsonl");
        Path second = folder.resolve("second.jsonl");
        run(file, "--out", first.toString());
        assertThat(api.requests().values()).hasSize(50).allMatch(count -> count == 1);

        Finished finished = run(file, "--out", second.toString(), "--json");

        assertThat(finished.code).isZero();
        assertThat(api.requests().values()).hasSize(50).allMatch(count -> count == 1);
        assertThat(finished.json().path("appended").asInt()).isZero();
        assertThat(finished.json().path("settled_now").asInt()).isZero();
        assertThat(Files.readString(second)).isEqualTo(Files.readString(first));
    }

    @Test
    void run_ofAFileThatGrew_makesOnlyTheNewCalls() throws Exception {
        Path file = file(call("/ok/1", ""), call("/ok/1", ""));
        run(file);
        Files.writeString(file, Files.readString(file) + call("/ok/3", "") + "\n");

        Finished finished = run(file, "--json");

        assertThat(finished.json().path("appended").asInt()).isEqualTo(1);
        assertThat(api.requests()).containsEntry("/ok/1", 2).containsEntry("/ok/3", 1);
    }

    @Test
    void run_withAttempts_triesAgainOnlyWhatMayPass() throws Exception {
        Path file = file(call("/flaky/1", ""), call("/status/404", ""), call("/fail/1", ""));

        Finished finished = run(file, "--attempts", "2", "--json");

        assertThat(finished.json().path("counts").path("completed").asInt()).isEqualTo(1);
        assertThat(api.requests())
                .containsEntry("/flaky/1", 2)
                .containsEntry("/status/404", 1)
                .containsEntry("/fail/1", 2);
    }

    @Test
    void run_withPriorities_callsTheLowestNumberFirst() throws Exception {
        Path file = file(
                call("/ok/default", ""),
                call("/ok/third", ", \"priority\": 3"),
                call("/ok/first", ", \"priority\": -1"),
                call("/ok/second", ", \"priority\": 2"));

        Finished finished = run(file, "--concurrency", "1", "--flow", "by priority", "--json");

        assertThat(finished.code).isZero();
        assertThat(database.list(
                        String.class,
                        "select right(payload->>'url', 6) from outcome join event using (id)"
                                + " where outcome.flow = (select id from flow where name = 'by priority')"
                                + " order by outcome.position"))
                .containsExactly("/first", "second", "/third", "efault");
    }

    @Test
    void run_withARate_startsNoMoreThanThat() throws Exception {
        Path file =
                file(IntStream.range(0, 30).mapToObj(i -> call("/ok/" + i, "")).toArray(String[]::new));

        Finished finished = run(file, "--rate", "10/500ms", "--json");

        assertThat(finished.json().path("elapsed_s").asDouble()).isGreaterThanOrEqualTo(1.0);
        assertThat(finished.json().path("counts").path("completed").asInt()).isEqualTo(30);
    }

    @Test
    void run_ofAFileWithBadLines_appendsNothingAndNamesEachLine() throws Exception {
        Path file = file(call("/ok/1", ""), "nonsense", call("/ok/2", ", \"timeout\": -1"));

        Finished finished = run(file, "--flow", "never made");

        assertThat(finished.code).isEqualTo(2);
        assertThat(finished.out).isEmpty();
        assertThat(finished.err)
                .contains(
                        "calls.jsonl:2: not JSON",
                        "calls.jsonl:3: timeout must be positive",
                        "calls.jsonl: 2; nothing was appended")
                .doesNotContain("MILLRACE_DEBUG");
        assertThat(api.requests()).isEmpty();
        assertThat(database.longValue("select count(*) from flow where name = 'never made'"))
                .isZero();
    }

    @Test
    void run_withSkipBad_makesTheRestAndListsThem() throws Exception {
        Path file = file(call("/ok/1", ""), "nonsense", call("/ok/2", ""));

        Finished finished = run(file, "--skip-bad", "--json");

        assertThat(finished.code).isZero();
        assertThat(finished.json().path("events").asInt()).isEqualTo(2);
        assertThat(finished.json().path("bad_lines").path(0).path("line").asInt())
                .isEqualTo(2);
        assertThat(finished.err).contains("calls.jsonl:2: not JSON");
    }

    @Test
    void run_ofTheLongestLine_storesAndSendsIt() throws Exception {
        String start = "{\"url\": \"" + api.address() + "/ok/1\", \"body\": [";
        String quotes = "\"\",".repeat((CallFile.LONGEST_LINE - start.length() - 10) / 3);
        Path file = file(start + quotes + "\"\"]}");

        Finished finished = run(file, "--json");

        assertThat(finished.err).doesNotContain("bad lines");
        assertThat(finished.json().path("counts").path("completed").asInt()).isEqualTo(1);
    }

    @Test
    void run_withAnAnswerThatCannotBeStored_failsThatCallAlone() throws Exception {
        Path file = file(
                "{\"url\": \"http://127.0.0.1:1/refused\"}",
                "{\"url\": \"http://no-such-host.invalid/\"}",
                call("/ok/1", ""));

        Finished finished = run(file, "--json");

        assertThat(finished.code).isZero();
        assertThat(finished.json().path("counts").path("completed").asInt()).isEqualTo(1);
        assertThat(finished.json().path("counts").path("failed").asInt()).isEqualTo(2);
        assertThat(finished.err).contains("got no answer");
    }

    @ParameterizedTest
    @CsvSource({
        "--concurrency, 0",
        "--attempts, 0",
        "--attempts, 101",
        "--body-cap, -1",
        "--rate, fast",
        "--timeout, never",
        "--out, /no/such/folder/out.jsonl",
        "--flow, ' '",
        "--flow, ''",
        "--concurrency, many",
        "--jdbc-url, mysql://h",
        "--no-such-option, 1"
    })
    void run_withAWrongOption_isRefusedAndSaysWhich(String option, String value) throws Exception {
        Path file = file(call("/ok/1", ""));

        Finished finished = execute("run", file.toString(), "--jdbc-url", database.jdbcUrl(), option, value);

        assertThat(finished.code).isEqualTo(2);
        assertThat(finished.err).contains(option.equals("--jdbc-url") ? "jdbc" : option);
        assertThat(api.requests()).isEmpty();
    }

    @Test
    @DisplayName("13.25 calls to hosts other than those of --allow-host are refused before any is made")
    void run_withAHostThatIsNotAllowed_makesNoCall() throws Exception {
        Path file = file(call("/ok/1", ""), "{\"url\": \"http://localhost:1/inside\"}");

        Finished finished = run(file, "--allow-host", "127.0.0.1");

        assertThat(finished.code).isEqualTo(2);
        assertThat(finished.err).contains(":2: host 'localhost' is not among those of --allow-host: 127.0.0.1");
        assertThat(api.requests()).isEmpty();
        assertThat(run(file, "--allow-host", "http://127.0.0.1/").err)
                .contains("--allow-host takes the name of a host");
        assertThat(run(file, "--allow-host", "127.0.0.1", "--skip-bad", "--json")
                        .json()
                        .path("counts")
                        .path("completed")
                        .asInt())
                .isEqualTo(1);
    }

    @Test
    @DisplayName("13.25 the database can be named by the environment, where its password is in no process list")
    void run_withTheDatabaseInTheEnvironment_usesIt() throws Exception {
        Path file = file(call("/ok/1", ""));
        try (ChildJvm child = ChildJvm.start(
                folder,
                Map.of("MILLRACE_JDBC_URL", database.jdbcUrl()),
                Main.class,
                "run",
                file.toString(),
                "--json")) {
            assertThat(child.readAll()).contains("\"completed\":1");
            assertThat(child.exitCode()).isZero();
        }
        assertThat(folder.resolve(".millrace")).doesNotExist();
    }

    @Test
    void run_ofNoFile_saysSo() {
        assertThat(execute("run", folder.resolve("absent").toString()))
                .satisfies(finished -> assertThat(finished.code).isEqualTo(2))
                .satisfies(finished -> assertThat(finished.err).contains("there is no file"));
        assertThat(execute("run").code).isEqualTo(2);
    }

    @Test
    void run_ofAnEmptyFile_saysSo() throws Exception {
        Finished finished = run(file("", "  "));

        assertThat(finished.code).isEqualTo(2);
        assertThat(finished.err).contains("there is no call in");
    }

    @Test
    void run_withADatabaseThatIsNotThere_failsWithoutAStackTrace() throws Exception {
        Path file = file(call("/ok/1", ""));

        Finished finished =
                execute("run", file.toString(), "--jdbc-url", "jdbc:postgresql://127.0.0.1:1/x?user=u&password=hidden");

        assertThat(finished.code).isEqualTo(1);
        assertThat(finished.err).contains("millrace: ").doesNotContain("\tat ", "hidden");
    }

    @Test
    void demo_onADatabaseOfTheUsers_addsUpToItsEvents() throws Exception {
        Finished finished =
                execute("demo", "--events", "120", "--rate", "1000/s", "--jdbc-url", database.jdbcUrl(), "--json");

        assertThat(finished.code).isZero();
        JsonNode json = finished.json();
        assertThat(json.path("events").asInt()).isEqualTo(120);
        assertThat(StreamSupport.stream(json.path("counts").spliterator(), false)
                        .mapToInt(JsonNode::asInt)
                        .sum())
                .isEqualTo(120);
        assertThat(json.path("latency_ms").path("p50").asDouble()).isGreaterThan(4);
    }

    @Test
    void demo_forPeople_endsWithTheTableOfStates() throws Exception {
        Finished finished = execute("demo", "--events", "40", "--rate", "1000/s", "--jdbc-url", database.jdbcUrl());

        assertThat(finished.out)
                .containsPattern("(?m)^  pending +0$")
                .containsPattern("(?m)^  total +40$")
                .containsPattern("40 calls settled in .*: .* per second")
                .contains("latency of a call: p50");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1000001", "many"})
    void demo_withAWrongNumberOfEvents_isRefused(String events) {
        assertThat(execute("demo", "--events", events).code).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "demo", "run", "sample-api"})
    void help_ofEachCommand_isThere(String command) {
        Finished finished = command.isEmpty() ? execute("--help") : execute(command, "--help");

        assertThat(finished.code).isZero();
        assertThat(finished.out).contains("Usage: millrace", "--help");
    }

    @Test
    void example_inTheRepository_isAllGood() throws Exception {
        CallFile.Calls calls = CallFile.readAll(Path.of("examples/api-calls.jsonl"), "example", call -> {});

        assertThat(calls.bad()).isEmpty();
        assertThat(calls.good()).hasSize(50);
    }

    private Finished run(Path file, String... options) {
        List<String> arguments = new ArrayList<>(List.of("run", file.toString(), "--jdbc-url", database.jdbcUrl()));
        arguments.addAll(List.of(options));
        return execute(arguments.toArray(String[]::new));
    }

    private static Finished execute(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Finished(code, out.toString(), err.toString());
    }

    private String call(String target, String more) {
        return "{\"url\": \"" + api.address() + target + "\"" + more + "}";
    }

    private Path file(String... lines) throws IOException {
        return Files.writeString(folder.resolve("calls.jsonl"), String.join("\n", lines) + "\n");
    }

    private static List<JsonNode> results(Path file) throws IOException {
        List<JsonNode> results = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            results.add(JSON.readTree(line));
        }
        return results;
    }
}
