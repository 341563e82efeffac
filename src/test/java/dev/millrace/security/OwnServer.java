package dev.millrace.security;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A PostgreSQL of a test's own, which may be brought into trouble: always on one port, on a folder that the test chooses. */
final class OwnServer implements AutoCloseable {
    private static final Duration LONG = Duration.ofSeconds(60);

    private final Path folder;
    private final int port;
    private EmbeddedPostgres server;

    private OwnServer(Path folder, int port) throws IOException {
        this.folder = folder;
        this.port = port;
        this.server = start("first");
    }

    static OwnServer in(Path folder) throws IOException {
        return new OwnServer(folder, freePort());
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private EmbeddedPostgres start(String name) throws IOException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve(name))
                .setCleanDataDirectory(false)
                .setPort(port)
                .setPGStartupWait(LONG);
        Map.of("synchronous_commit", "on", "max_connections", "60").forEach(builder::setServerConfig);
        return builder.start();
    }

    String url() {
        return "jdbc:postgresql://localhost:%d/postgres?user=postgres".formatted(port);
    }

    /** Stops it and starts on that folder, whose server then goes on. */
    void switchTo(String name) throws IOException {
        server.close();
        server = start(name);
    }

    /**
     * Copies the folder while nothing runs on it. The copy's server will be one that was promoted: it writes the next timeline.
     */
    void copy(String from, String to) throws IOException {
        server.close();
        Path source = folder.resolve(from);
        try (Stream<Path> all = Files.walk(source)) {
            for (Path path : all.toList()) {
                Files.copy(path, folder.resolve(to).resolve(source.relativize(path)));
            }
        }
        Path copy = folder.resolve(to);
        Files.writeString(
                copy.resolve("postgresql.auto.conf"),
                Files.readString(copy.resolve("postgresql.auto.conf")) + "restore_command = 'false'\n");
        Files.writeString(copy.resolve("recovery.signal"), "");
        server = start(from);
    }

    void execute(String... statements) {
        try (Connection connection =
                        DriverManager.getConnection(url() + "&ApplicationName=test&currentSchema=millrace,public");
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                boolean unused = statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    String text(String sql) {
        try (Connection connection =
                        DriverManager.getConnection(url() + "&ApplicationName=test&currentSchema=millrace,public");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    long number(String sql) {
        return Long.parseLong(text(sql));
    }

    /** Waits until a query says true. */
    void await(String sql) {
        for (long begin = System.nanoTime(); System.nanoTime() - begin < LONG.toNanos(); ) {
            if (text(sql).equals("t")) {
                return;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
        throw new AssertionError("never came true: " + sql);
    }

    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
