package dev.millrace.failpoints;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.millrace.postgres.NotPooled;
import dev.millrace.postgres.PostgresTest;
import dev.millrace.postgres.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every blow at every failpoint, several at a time, each in a database of its own. */
@PostgresTest
@NotPooled("its processes and handlers say their search_path as they connect, which a pooler refuses")
class FailpointTest {
    private static final int AT_ONCE = 12;

    /** Only the points whose names begin with it; all if it is not there. */
    private static final String WANTED = System.getProperty("millrace.failpoint", "");

    private final TestDatabase database;

    FailpointTest(TestDatabase database) {
        this.database = database;
    }

    @TestFactory
    @DisplayName(
            "A1-A10, A17, C1-C3 each blow at each failpoint loses nothing, settles once, and charges deaths where they happen")
    Stream<DynamicTest> blows() throws Exception {
        BlockingQueue<Sandbox> free = new ArrayBlockingQueue<>(AT_ONCE);
        for (int i = 0; i < AT_ONCE; i++) {
            Sandbox sandbox = new Sandbox(database.another());
            sandbox.audit();
            free.add(sandbox);
        }
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        long begin = System.nanoTime();
        List<DynamicTest> tests = new ArrayList<>();
        for (Blow blow : Blow.values()) {
            for (Failpoint point : Failpoint.values()) {
                if (point.words().startsWith(WANTED)) {
                    Future<?> played = threads.submit(() -> play(point, blow, free));
                    tests.add(dynamicTest(point.words() + ": " + blow.words(), () -> await(played)));
                }
            }
        }
        threads.shutdown();
        tests.add(dynamicTest("all sandboxes are left", () -> {
            System.out.printf(
                    "failpoints: %d scenarios in %d s%n",
                    tests.size() - 1,
                    Duration.ofNanos(System.nanoTime() - begin).toSeconds());
            for (Sandbox sandbox : free) {
                sandbox.close();
            }
            assertThat(free).hasSize(AT_ONCE);
        }));
        return tests.stream();
    }

    private static Object play(Failpoint point, Blow blow, BlockingQueue<Sandbox> free) throws Exception {
        Sandbox sandbox = free.take();
        try {
            new Scenario(point, blow, sandbox.afresh()).play();
            return sandbox;
        } finally {
            free.add(sandbox);
        }
    }

    private static void await(Future<?> played) throws Throwable {
        try {
            played.get();
        } catch (ExecutionException e) {
            throw e.getCause();
        }
    }

    @Test
    void points_areAtLeast24AndInEveryArea() {
        assertThat(Failpoint.values()).hasSizeGreaterThanOrEqualTo(24);
        assertThat(Arrays.stream(Failpoint.values()).map(Failpoint::area).collect(Collectors.toSet()))
                .isEqualTo(Set.of("claim", "run", "settle", "renew", "rescue", "append", "shutdown"));
    }

    @Test
    void table_inTheDocuments_isTheOneThatIsTested() throws Exception {
        String rows = Arrays.stream(Failpoint.values())
                .map(point -> "| `%s` | %s |\n"
                        .formatted(
                                point.words(),
                                Arrays.stream(Blow.values()).map(point::outcome).collect(Collectors.joining(" | "))))
                .collect(Collectors.joining());

        assertThat(Files.readString(Path.of("docs/reliability.md"))).contains(rows);
    }
}
