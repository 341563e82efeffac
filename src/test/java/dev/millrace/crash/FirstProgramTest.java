package dev.millrace.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.Executor;
import dev.millrace.Millrace;
import dev.millrace.cli.ChildJvm;
import dev.millrace.crash.FirstProgram.Word;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How long a process lives whose main has returned, and what a signal does to one. */
@PostgresTest
class FirstProgramTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final TestDatabase database;

    private Millrace millrace;
    private Executor<Word> words;

    FirstProgramTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void connect() {
        database.truncateAll();
        millrace = Millrace.connect(database.newPool(3));
        words = millrace.executor(FirstProgram.FLOW, Word.class).build();
    }

    @AfterEach
    void close() {
        millrace.close();
    }

    private ChildJvm program(String kind) throws IOException {
        return ChildJvm.start(Path.of("").toAbsolutePath(), FirstProgram.class, database.jdbcUrl(), kind);
    }

    private Event<Word> ended(UUID id) throws InterruptedException {
        return words.await(id, LONG).orElseThrow();
    }

    @Test
    @DisplayName("12.3 main returns after execute(): the JVM lives on and works until the executor is stopped and what"
            + " it runs has ended, and exits with 0")
    void mainReturns_whileAnExecutorExecutes_jvmLivesUntilItIsStopped() throws Exception {
        try (ChildJvm program = program("returns")) {
            program.readUntil("main returns");
            assertThat(ended(words.append(new Word("first"))).status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(program.isAlive()).isTrue();

            UUID last = words.append(new Word("stop"));

            assertThat(ended(last).status()).isEqualTo(EventStatus.COMPLETED);
            assertThat(program.exitCode()).isZero();
        }
        assertThat(database.longValue("select count(*) from attempt")).isZero();
    }

    @Test
    @DisplayName("12.3 keepAlive(false): the JVM ends with the application's own threads")
    void mainReturns_withoutKeepAlive_jvmEnds() throws Exception {
        try (ChildJvm program = program("unkept")) {
            program.readUntil("main returns");

            assertThat(program.exitCode()).isZero();
        }
    }

    @Test
    @DisplayName("12.3 a JVM that is not to be trusted any more is not kept alive")
    void mainReturns_afterAFatalError_jvmEnds() throws Exception {
        try (ChildJvm program = program("returns")) {
            program.readUntil("main returns");

            words.append(new Word("fatal"));

            assertThat(program.exitCode()).isZero();
        }
        assertThat(database.longValue("select count(*) from running")).isZero();
    }

    @Test
    @DisplayName(
            "12.3 SIGTERM and closeOnShutdown(): what runs ends within the grace, the worker says goodbye, exit 143")
    void sigterm_whileAnEventRuns_closesGracefully() throws Exception {
        try (ChildJvm program = program("waits")) {
            program.readUntil("executes");
            UUID id = words.append(new Word("slow"));
            program.readUntil("handles slow");

            program.terminate();

            assertThat(program.exitCode()).isEqualTo(143);
            assertThat(ended(id).status()).isEqualTo(EventStatus.COMPLETED);
        }
        assertThat(database.longValue("select count(*) from worker")).isZero();
        assertThat(database.longValue("select count(*) from running")).isZero();
        assertThat(database.longValue("select count(*) from attempt")).isZero();
    }

    @Test
    @DisplayName("12.3 SIGTERM to an idle worker: it says goodbye, too")
    void sigterm_whileIdle_closes() throws Exception {
        try (ChildJvm program = program("waits")) {
            program.readUntil("executes");
            database.await("select exists (select from worker)");

            program.terminate();

            assertThat(program.exitCode()).isEqualTo(143);
        }
        assertThat(database.longValue("select count(*) from worker")).isZero();
    }
}
