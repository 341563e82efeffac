package dev.millrace;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.millrace.event.EventStatus;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A server of this test's own goes away and comes back, on the same port and with the same data. */
class ServerRestartTest {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
    private int port;
    private long beginNanos;

    record Task(int number) {}

    @BeforeEach
    void listen() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        beginNanos = System.nanoTime();
        lines.start();
        logger().addAppender(lines);
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(lines);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger("dev.millrace");
    }

    private EmbeddedPostgres startServer() throws IOException {
        return EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve("data"))
                .setCleanDataDirectory(false)
                .setPort(port)
                .setServerConfig("synchronous_commit", "on") // else a kill costs what was acknowledged
                .setPGStartupWait(LONG)
                .start();
    }

    /** Kills the server with all its sessions: the next start recovers. */
    private void killServer() throws Exception {
        Path pidFile = folder.resolve("data/postmaster.pid");
        String pid = Files.readAllLines(pidFile).getFirst().strip();
        ProcessHandle postmaster = ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
        List<ProcessHandle> sessions = postmaster.descendants().toList();
        postmaster.destroyForcibly();
        sessions.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle session : sessions) {
            session.onExit().get(60, TimeUnit.SECONDS);
        }
        postmaster.onExit().get(60, TimeUnit.SECONDS);
        Files.deleteIfExists(pidFile);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void server_awayForSeconds_isWorkedOnAgainSoonAfterItsReturn(boolean killed) throws Exception {
        EmbeddedPostgres server = startServer();
        String url = server.getJdbcUrl("postgres", "postgres");
        try (Millrace millrace = Millrace.builder()
                .jdbcUrl(url)
                .migrate()
                .shutdownGrace(Duration.ofSeconds(2))
                .connect()) {
            Executor<Task> tasks = millrace.executor("tasks", Task.class)
                    .handler((task, run) -> task.number())
                    .build();
            tasks.appendAll(IntStream.range(0, 100).mapToObj(Task::new).toList());
            tasks.execute();
            assertThat(tasks.join(LONG)).isTrue();

            if (killed) {
                killServer();
            }
            server.close();
            CompletableFuture<UUID> appended = CompletableFuture.supplyAsync(() -> tasks.append(new Task(1)));
            assertThat(new CountDownLatch(1).await(6, TimeUnit.SECONDS)).isFalse();
            assertThat(appended).isNotDone();
            server = startServer();
            long back = System.nanoTime();
            UUID id = appended.get(60, TimeUnit.SECONDS);
            assertThat(tasks.await(id, LONG)).isPresent();
            Duration took = Duration.ofNanos(System.nanoTime() - back);

            System.out.printf(
                    "server killed=%s: the first event had run %d ms after its return%n", killed, took.toMillis());
            assertThat(took).isLessThan(Duration.ofSeconds(6)); // 2 s are promised; the machine is shared
            assertThat(tasks.join(LONG)).isTrue();
            assertThat(tasks.statusCounts()).containsEntry(EventStatus.COMPLETED, 101L);
            assertThat(millrace.lateResults()).isZero();
        } finally {
            server.close();
        }
        noStormInTheLog();
    }

    /**
     * At most one line a second for each loop and cause. Counted over the whole time, since the lines' own times are by another
     * clock than the pauses between them.
     */
    private void noStormInTheLog() {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - beginNanos);
        Map<String, Integer> told = new HashMap<>();
        for (ILoggingEvent line : new ArrayList<>(lines.list)) {
            String text = line.getFormattedMessage();
            if (text.contains("will try again")) {
                told.merge(text.replaceAll("others=\\d+ ", ""), 1, Integer::sum);
            }
        }
        assertThat(told)
                .isNotEmpty()
                .allSatisfy((cause, times) -> assertThat((long) times).as(cause).isLessThanOrEqualTo(seconds + 1));
    }
}
