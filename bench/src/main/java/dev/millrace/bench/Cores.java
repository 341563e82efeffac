package dev.millrace.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;

/**
 * The cores of this machine. An application and its database have cores of their own, but a kernel may pack two processes
 * that take turns onto one, and do so with one side of a comparison only: with the one that computes less. Of Linux, by
 * {@code taskset}.
 */
final class Cores {
    private Cores() {}

    /** Something to measure meanwhile. */
    interface Step {
        void run() throws IOException, InterruptedException, SQLException;
    }

    /** Why {@link #apart} cannot be; empty if it can. */
    static Optional<String> obstacle(Optional<ServerCpu> server) throws InterruptedException {
        if (server.isEmpty()) {
            return Optional.of("the server does not run here, or is not ours to see");
        }
        if (Runtime.getRuntime().availableProcessors() < 2) {
            return Optional.of("there is one core only");
        }
        try {
            run(List.of("taskset", "--version"));
        } catch (IOException e) {
            return Optional.of("there is no taskset: " + e.getMessage());
        }
        return Optional.empty();
    }

    /** Keeps the server, and what it starts, on the first core and the process that it serves on the others for that long. */
    static void apart(ServerCpu server, long client, Step step) throws IOException, InterruptedException, SQLException {
        int last = Runtime.getRuntime().availableProcessors() - 1;
        try {
            put(server, "0");
            put(client, "1-" + last);
            step.run();
        } finally {
            put(server, "0-" + last);
            put(client, "0-" + last);
        }
    }

    private static void put(ServerCpu server, String cores) throws IOException, InterruptedException {
        put(server.postmaster(), cores); // first, for what it starts meanwhile
        for (long child : server.children()) {
            put(child, cores);
        }
    }

    private static void put(long pid, String cores) throws IOException, InterruptedException {
        try {
            run(List.of("taskset", "--all-tasks", "--pid", "--cpu-list", cores, Long.toString(pid)));
        } catch (IOException e) {
            if (ProcessHandle.of(pid).isPresent()) { // else it has ended meanwhile
                throw e;
            }
        }
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + ": " + said.strip());
        }
    }
}
