package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server for one run of the benchmark: durable as it comes, with room in memory for what is measured. Its
 * data is in a temporary folder and goes when it is closed, also when the JVM is ended by a signal. Lives in this
 * package to use the command line's tools, which are nobody else's.
 */
public final class BenchPostgres implements AutoCloseable {
    /** What it is started with, beside where it listens. */
    public static final List<String> SETTINGS = List.of(
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            "shared_buffers=1GB",
            "max_wal_size=8GB",
            "checkpoint_timeout=15min",
            "max_connections=200",
            "timezone=UTC");

    private static final String TEMPORARY = "millrace-bench-";
    private static final Duration STARTING = Duration.ofSeconds(60);

    private final Path folder;
    private final DirectoryLock lock;
    private final PostgresTools tools;
    private final Thread hook = new Thread(this::stopQuietly, "stop-postgres");
    private String url = "";
    private boolean closed; // guarded by this

    private BenchPostgres(Path folder, DirectoryLock lock, PostgresTools tools) {
        this.folder = folder;
        this.lock = lock;
        this.tools = tools;
    }

    /**
     * Starts one, and clears away what killed runs left.
     *
     * @param home the folder with {@code bin}, such as {@code /usr/lib/postgresql/15}; null for the embedded one
     */
    public static BenchPostgres start(@Nullable Path home) throws IOException, InterruptedException {
        Path base = Path.of(System.getProperty("java.io.tmpdir", "/tmp")).toRealPath();
        LeftOvers.clear(base, TEMPORARY);
        Path folder = Files.createTempDirectory(base, TEMPORARY);
        DirectoryLock lock = DirectoryLock.tryAcquire(folder)
                .orElseThrow(() -> new IOException("another process took the new folder " + folder));
        Path programs = home == null ? PostgresBinaries.unpacked(folder.resolve("binaries")) : home;
        BenchPostgres postgres = new BenchPostgres(folder, lock, new PostgresTools(programs, folder));
        try {
            Runtime.getRuntime().addShutdownHook(postgres.hook);
            postgres.open();
            return postgres;
        } catch (IOException | InterruptedException | RuntimeException e) {
            postgres.close();
            throw e;
        }
    }

    private void open() throws IOException, InterruptedException {
        byte[] secret = new byte[24];
        new SecureRandom().nextBytes(secret);
        String password = HexFormat.of().formatHex(secret);
        Path file = Files.writeString(folder.resolve("password"), password);
        tools.initialize(data(), file);
        List<String> options = new ArrayList<>(List.of(
                "-p " + PostgresTools.freePort(), "-c listen_addresses=127.0.0.1", "-c unix_socket_directories="));
        SETTINGS.forEach(setting -> options.add("-c " + setting));
        tools.startServer(data(), STARTING, String.join(" ", options));
        LocalConnection connection = LocalConnection.await(data(), password, STARTING)
                .orElseThrow(() -> new IOException("PostgreSQL in " + folder + " started and does not answer"));
        url = connection.url() + "?user=" + connection.user() + "&password=" + connection.password();
    }

    /** Where it answers, with user and password. */
    public String url() {
        return url;
    }

    /** Its folder, for files that go with it. */
    public Path folder() {
        return folder;
    }

    private Path data() {
        return folder.resolve("data");
    }

    private void stopQuietly() {
        try {
            stop();
        } catch (IOException | InterruptedException e) {
            System.err.println("millrace: " + e.getMessage()); // the JVM is ending: there is nobody else to tell
        }
    }

    private synchronized void stop() throws IOException, InterruptedException {
        if (closed) {
            return;
        }
        closed = true;
        Optional<Postmaster> server = Postmaster.of(data());
        if (server.isPresent()) {
            PostgresStop.stop(tools, data(), server.get());
        }
        Folders.delete(folder);
        lock.close();
    }

    @Override
    public void close() throws IOException {
        try {
            stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the JVM is ending, and the hook finds nothing to do
        }
    }
}
