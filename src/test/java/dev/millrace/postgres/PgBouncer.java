package dev.millrace.postgres;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A PgBouncer of the test's own in front of the test server, in transaction mode and with few connections behind it, so that
 * neighbouring transactions of a client land on different ones.
 */
public final class PgBouncer implements AutoCloseable {
    /** Connections to the server for each database, if the test does not say. */
    public static final int SERVER_CONNECTIONS = 4;

    private static final Pattern PLACE = Pattern.compile("//([^:/]+):(\\d+)/");
    private static final Pattern USER = Pattern.compile("[?&]user=([^&]*)");
    private static final Pattern PASSWORD = Pattern.compile("[?&]password=([^&]*)");

    private final Process process;
    private final int port;

    private PgBouncer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Where the program is, if it is installed: on the path, or where Debian puts it. */
    public static Optional<Path> binary() {
        String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/usr/local/sbin";
        return Stream.of(path.split(":", -1))
                .filter(folder -> !folder.isBlank())
                .map(folder -> Path.of(folder, "pgbouncer"))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Starts one in front of that database's server, which keeps its files in that folder. */
    public static PgBouncer start(Path binary, Path folder, TestDatabase database) throws IOException {
        return start(binary, folder, database.directUrl(), SERVER_CONNECTIONS);
    }

    /** Starts one in front of the server in a URL, with so many connections for each database. */
    static PgBouncer start(Path binary, Path folder, String jdbcUrl, int connections) throws IOException {
        Matcher place = PLACE.matcher(jdbcUrl);
        if (!place.find()) {
            throw new IllegalArgumentException("no host and port in the test server's URL");
        }
        int port = freePort();
        String host = place.group(1).equals("localhost") ? "127.0.0.1" : place.group(1);
        Path config = folder.resolve("pgbouncer.ini");
        Files.writeString(config, """
                [databases]
                * = host=%s port=%s user=%s password=%s
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = any
                pool_mode = transaction
                default_pool_size = %d
                server_round_robin = 1
                max_client_conn = 1000
                query_wait_timeout = 30
                ignore_startup_parameters = extra_float_digits
                """.formatted(
                        host, place.group(2), found(USER, jdbcUrl), found(PASSWORD, jdbcUrl), port, connections));
        List<String> command = new ArrayList<>(List.of(binary.toString(), "-q"));
        if (isRoot()) { // it refuses to be
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            command.addAll(List.of("-u", "nobody"));
        }
        command.add(config.toString());
        Path log = folder.resolve("pgbouncer.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        PgBouncer bouncer = new PgBouncer(process, port);
        bouncer.awaitAnswer(log);
        return bouncer;
    }

    private static String found(Pattern pattern, String jdbcUrl) {
        Matcher matcher = pattern.matcher(jdbcUrl);
        return matcher.find() ? matcher.group(1) : "postgres";
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean isRoot() throws IOException {
        return Files.getOwner(Path.of("/proc/self")).getName().equals("root");
    }

    private void awaitAnswer(Path log) throws IOException {
        for (int i = 0; i < 1_000 && process.isAlive(); i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                if (socket.isConnected()) {
                    return;
                }
            } catch (IOException e) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            }
        }
        process.destroyForcibly();
        throw new IllegalStateException("PgBouncer did not start: " + Files.readString(log));
    }

    /** How to reach that database through it. */
    public String url(TestDatabase database) {
        return through(database.directUrl());
    }

    /** A URL of the server as one that goes through it. */
    String through(String jdbcUrl) {
        return PLACE.matcher(jdbcUrl).replaceFirst("//127.0.0.1:" + port + "/");
    }

    /** Ends it, and its connections with it. */
    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }
}
