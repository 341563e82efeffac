package dev.millrace.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A JVM of its own that runs a main class of the test class path, to be killed at will. */
public final class ChildJvm implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;

    private ChildJvm(Process process) {
        this.process = process;
        this.out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Starts one in that folder; what it says on standard error comes with what it prints. */
    public static ChildJvm start(Path folder, Class<?> main, String... arguments) throws IOException {
        return start(folder, "256m", main, arguments);
    }

    /** As the other one, with a heap of that size. */
    public static ChildJvm start(Path folder, String heap, Class<?> main, String... arguments) throws IOException {
        return start(folder, heap, Map.of(), main, arguments);
    }

    /** As the other one, with these variables in its environment. */
    static ChildJvm start(Path folder, Map<String, String> environment, Class<?> main, String... arguments)
            throws IOException {
        return start(folder, "256m", environment, main, arguments);
    }

    private static ChildJvm start(
            Path folder, String heap, Map<String, String> environment, Class<?> main, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx" + heap,
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return new ChildJvm(builder.start());
    }

    /** The next line it prints; null at the end. */
    public String readLine() throws IOException {
        return out.readLine();
    }

    /** Reads on to the first line that has {@code text}, and returns it. */
    public String readUntil(String text) throws IOException {
        StringBuilder passed = new StringBuilder();
        for (String line = readLine(); line != null; line = readLine()) {
            if (line.contains(text)) {
                return line;
            }
            passed.append(line).append('\n');
        }
        throw new AssertionError("the child JVM ended without '" + text + "' after:\n" + passed);
    }

    /** All it still prints. */
    public String readAll() {
        return out.lines().collect(Collectors.joining("\n"));
    }

    /** Its exit code, once it has ended. */
    public int exitCode() throws InterruptedException {
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            throw new AssertionError("the child JVM did not end");
        }
        return process.exitValue();
    }

    /** Whether it has not ended. */
    public boolean isAlive() {
        return process.isAlive();
    }

    /** SIGTERM; what it still says can be read. */
    public void terminate() {
        process.toHandle().destroy();
    }

    /** SIGKILL, and its end. */
    public void kill() {
        process.destroyForcibly();
        process.onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}
