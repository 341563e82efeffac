package dev.millrace.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs {@code initdb} and {@code pg_ctl}. PostgreSQL refuses to run as root, and as a user that the system has no name
 * for; such users run them in a user namespace of their own, where they are nobody but may still use their own files.
 *
 * @param home what {@link PostgresBinaries} unpacked
 * @param folder where the programs work, and where their output passes through
 */
record PostgresTools(Path home, Path folder) {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final int SHOWN = 2000;

    /**
     * Runs one program to its end.
     *
     * @param data the data folder, which is told by environment: pg_ctl hands its arguments to a shell
     * @throws IOException with what the program said, if it fails
     */
    void run(Path data, String program, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        if (needsNamespace()) {
            command.addAll(List.of("unshare", "-U"));
        }
        command.add(home.resolve("bin").resolve(program).toString());
        command.addAll(List.of(arguments));
        // A file, not a pipe: a server started on the way would keep a pipe open.
        Path output = Files.createTempFile(folder, program + ".", ".out");
        try {
            int code = exitCode(command, data, output, program);
            if (code != 0) {
                throw new IOException(program + " ended with code " + code + hint() + ": "
                        + Text.printable(Files.readString(output).strip(), SHOWN));
            }
        } finally {
            Files.deleteIfExists(output);
        }
    }

    /**
     * Makes a data folder whose only user must say a password.
     *
     * @param password the file that holds it
     */
    void initialize(Path data, Path password) throws IOException, InterruptedException {
        run(
                data,
                "initdb",
                "--username=" + LocalConnection.USER,
                "--pwfile=" + password,
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-instructions");
    }

    /** A port that nobody listened on a moment ago. */
    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /**
     * Starts the server and waits until it accepts connections; it says what it has to say in {@code postgres.log}.
     *
     * @param options those of {@code postgres} itself
     */
    void startServer(Path data, Duration patience, String options) throws IOException, InterruptedException {
        run(data, "pg_ctl", "start", "-w", "-t", "" + patience.toSeconds(), "-s", "-l", "postgres.log", "-o", options);
    }

    private int exitCode(List<String> command, Path data, Path output, String program)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
        builder.environment().put("PGDATA", data.toString());
        builder.environment().put("LC_ALL", "C");
        Process process = start(builder);
        if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            process.destroy();
            throw new IOException(program + " did not end within " + LIMIT.toMinutes() + " minutes");
        }
        return process.exitValue();
    }

    private static Process start(ProcessBuilder builder) throws IOException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new IOException(e.getMessage() + hint(), e);
        }
    }

    private static boolean needsNamespace() throws IOException {
        boolean nameless = "?".equals(System.getProperty("user.name")); // as the JVM puts it
        return nameless || (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    }

    private static String hint() throws IOException {
        return needsNamespace()
                ? " (as root, or as a user without a name, it needs `unshare -U`, which some containers forbid: run as an"
                        + " ordinary user, or name a server with --jdbc-url)"
                : "";
    }
}
