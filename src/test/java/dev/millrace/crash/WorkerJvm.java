package dev.millrace.crash;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** A {@link WorkerMain} in a process of its own. Thread-safe. */
final class WorkerJvm implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;

    private WorkerJvm(Process process) {
        this.process = process;
    }

    /**
     * What kind of worker it is.
     *
     * @param holds whether its handlers hold on until {@link #go}
     */
    record Kind(boolean holds, Duration lease, Duration grace, int concurrency) {}

    /** Starts one. {@code listener} hears each line that it prints, on a thread of its own. */
    static WorkerJvm start(String url, Kind kind, BiConsumer<WorkerJvm, String> listener) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx96m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WorkerMain.class.getName(),
                        Boolean.toString(kind.holds()),
                        Long.toString(kind.lease().toMillis()),
                        Long.toString(kind.grace().toMillis()),
                        Integer.toString(kind.concurrency()))
                .redirectErrorStream(true);
        builder.environment().put(WorkerMain.URL, url);
        WorkerJvm worker = new WorkerJvm(builder.start());
        Thread.ofPlatform().name("worker-output").daemon().start(() -> worker.listen(listener));
        return worker;
    }

    private void listen(BiConsumer<WorkerJvm, String> listener) {
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            out.lines().forEach(line -> listener.accept(this, line));
        } catch (IOException | UncheckedIOException e) {
            listener.accept(this, "its output broke off: " + e.getMessage());
        }
    }

    long pid() {
        return process.pid();
    }

    /** Lets its handlers return. One that is stopped hears it when it goes on. */
    void go() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly();
    }

    /** SIGTERM, SIGSTOP, SIGCONT; not by {@link Process#destroy}, which closes the streams as well. */
    void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start();
        if (kill.waitFor() != 0) {
            throw new IllegalStateException("there is no process " + pid() + " to send SIG" + name);
        }
    }

    /** Its exit code, once it has ended. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("worker " + pid() + " did not end");
        }
        return process.exitValue();
    }

    @Override
    public void close() {
        kill(); // also one that is stopped
        process.onExit().join();
    }
}
