package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * A PostgreSQL server of our own, with its data in a folder of ours. It listens on 127.0.0.1 only, asks for the
 * password that lies in the folder (readable by this user alone), and keeps what it acknowledged through a crash of
 * the machine: fsync, full_page_writes and synchronous_commit are on, which is checked after each start.
 *
 * <p>Its configuration is ours: the files of it are written before each start, so that a folder from elsewhere cannot name a
 * command to run. A folder that another user owns or may write to is refused.
 *
 * <p>A server that a killed process left behind is found again and used. One process uses a folder at a time.
 * Confined to one thread.
 *
 * <p>The folder holds {@code data}, {@code password}, {@code lock} and {@code postgres.log}.
 */
final class LocalPostgres implements AutoCloseable {
    private static final String TEMPORARY = "millrace-demo-";
    private static final Duration STARTING = Duration.ofSeconds(60);
    private static final int PORTS_TO_TRY = 5;
    private static final String SETTINGS = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on"
            + " -c full_page_writes=on -c synchronous_commit=on -c max_connections=100 -c timezone=UTC";

    private final Path folder;
    private final DirectoryLock lock;
    private final PostgresTools tools;
    private final boolean temporary;
    private LocalConnection connection;
    private boolean reused;
    private boolean closed;

    private LocalPostgres(Path folder, DirectoryLock lock, boolean temporary) throws IOException {
        this.folder = folder;
        this.lock = lock;
        this.temporary = temporary;
        this.tools = new PostgresTools(PostgresBinaries.unpacked(folder.resolve("binaries")), folder);
        this.connection = new LocalConnection(0, "");
    }

    /**
     * Starts the server of that folder, which is made if it does not exist.
     *
     * @throws BadInputException if another process uses the folder, or this platform has no embedded PostgreSQL
     * @throws IOException with what PostgreSQL said, if it does not start
     */
    static LocalPostgres start(Path folder) throws IOException, InterruptedException {
        Folders.requireOwnFolder(folder.toAbsolutePath());
        Path absolute = Folders.createPrivate(folder.toAbsolutePath()).toRealPath();
        for (String name :
                List.of("data", "password", "lock", "lock.holder", "binaries", ".gitignore", "postgres.log")) {
            Folders.requireOwn(absolute.resolve(name));
        }
        Files.writeString(absolute.resolve(".gitignore"), "*\n");
        return start(absolute, false);
    }

    /** Starts a server whose data goes when it is closed. Clears away what killed processes left of such servers. */
    static LocalPostgres startTemporary() throws IOException, InterruptedException {
        Path base = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
        LeftOvers.clear(base, TEMPORARY);
        return start(Files.createTempDirectory(base.toRealPath(), TEMPORARY), true);
    }

    private static LocalPostgres start(Path folder, boolean temporary) throws IOException, InterruptedException {
        DirectoryLock lock = DirectoryLock.tryAcquire(folder)
                .orElseThrow(() -> new BadInputException("another millrace (" + DirectoryLock.holder(folder)
                        + ") is using " + folder + "; wait until it ends, or work in another folder"));
        try {
            LocalPostgres postgres = new LocalPostgres(folder, lock, temporary);
            postgres.open();
            return postgres;
        } catch (IOException | InterruptedException | RuntimeException e) {
            if (temporary && Postmaster.of(folder.resolve("data")).isEmpty()) {
                Folders.delete(folder);
            }
            lock.close();
            throw e;
        }
    }

    /** How to connect to it. */
    LocalConnection connection() {
        return connection;
    }

    /** Whether it was running already, left behind by a process that was killed. */
    boolean reused() {
        return reused;
    }

    /** The folder, absolute. */
    Path folder() {
        return folder;
    }

    private void open() throws IOException, InterruptedException {
        if (!Files.exists(data())) {
            initialize();
        }
        checkVersion();
        String password = password();
        Optional<Postmaster> running = Postmaster.of(data());
        if (running.isPresent()) {
            Optional<LocalConnection> found = LocalConnection.await(data(), password, STARTING);
            if (found.isPresent() && found.get().isSafe()) {
                connection = found.get();
                reused = true;
                return;
            }
            stop(running.get());
        }
        clearStaleFile();
        startOnFreePort(password);
        if (!connection.isSafe()) {
            close();
            throw new IOException("PostgreSQL in " + folder + " runs with fsync, full_page_writes or synchronous_commit"
                    + " off, and would lose what it acknowledged; look for `alter role` or `alter database` settings");
        }
    }

    private void initialize() throws IOException, InterruptedException {
        Path unfinished = folder.resolve("data.unfinished");
        Folders.delete(unfinished);
        Path password = passwordFile();
        Files.deleteIfExists(password);
        Files.createFile(password, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        byte[] secret = new byte[24];
        new SecureRandom().nextBytes(secret);
        Files.writeString(password, HexFormat.of().formatHex(secret));
        tools.initialize(unfinished, password);
        Files.move(unfinished, data(), StandardCopyOption.ATOMIC_MOVE);
    }

    private void checkVersion() throws IOException, InterruptedException {
        String data = Files.readString(data().resolve("PG_VERSION")).strip();
        Path share = tools.home().resolve("share");
        Path catalog = Files.exists(share.resolve("postgres.bki"))
                ? share.resolve("postgres.bki")
                : share.resolve("postgresql/postgres.bki");
        try (var lines = Files.lines(catalog)) {
            String programs =
                    lines.findFirst().orElse("").replace("# PostgreSQL ", "").strip();
            if (!programs.equals(data)) {
                throw new BadInputException("the data in " + folder + " is of PostgreSQL " + data
                        + ", and this millrace brings PostgreSQL " + programs
                        + "; move the data with pg_dump of version "
                        + data + ", or work in another folder");
            }
        }
    }

    private String password() throws IOException {
        try {
            return Files.readString(passwordFile()).strip();
        } catch (NoSuchFileException e) {
            throw new IOException(
                    passwordFile() + " is gone, and without it nobody can connect; put it back, or delete " + folder
                            + " with all its data");
        }
    }

    /** PostgreSQL would not start while the number in the file is some process's, even if that is no server of ours. */
    private void clearStaleFile() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + STARTING.toNanos();
        while (!Postmaster.processesOf(data()).isEmpty()) { // the children of a killed server end by themselves
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("processes of a dead server still use " + data() + ": "
                        + Postmaster.processesOf(data()) + "; end them and start again");
            }
            Thread.sleep(50);
        }
        Files.deleteIfExists(Postmaster.file(data()));
    }

    private void startOnFreePort(String password) throws IOException, InterruptedException {
        Configuration.write(data());
        for (int attempt = 1; ; attempt++) {
            int port = PostgresTools.freePort();
            try {
                Path log = folder.resolve("postgres.log");
                Files.deleteIfExists(log); // one start's worth: it would grow without end
                tools.startServer(data(), STARTING, "-p " + port + " " + SETTINGS);
                connection = LocalConnection.await(data(), password, STARTING)
                        .orElseThrow(() -> new IOException("PostgreSQL in " + folder
                                + " started and does not answer; see " + folder.resolve("postgres.log")));
                return;
            } catch (IOException e) {
                boolean portTaken = logSays("could not bind") || logSays("Address already in use");
                if (attempt >= PORTS_TO_TRY || !portTaken) {
                    throw new IOException(e.getMessage() + " (its log: " + folder.resolve("postgres.log") + ")", e);
                }
            }
        }
    }

    private boolean logSays(String text) throws IOException {
        Path log = folder.resolve("postgres.log");
        return Files.exists(log) && Files.readString(log).contains(text);
    }

    /** Stops the server without letting it finish anything: all it keeps is what it acknowledged. */
    void crash() throws IOException, InterruptedException {
        tools.run(data(), "pg_ctl", "stop", "-m", "immediate", "-w", "-t", "60", "-s");
    }

    /** Starts it again after {@link #crash}, perhaps on another port. */
    void startAgain() throws IOException, InterruptedException {
        clearStaleFile();
        startOnFreePort(password());
    }

    private void stop(Postmaster server) throws IOException, InterruptedException {
        PostgresStop.stop(tools, data(), server);
    }

    private Path data() {
        return folder.resolve("data");
    }

    private Path passwordFile() {
        return folder.resolve("password");
    }

    /** Stops the server, whoever started it, and gives the folder back; of a temporary one nothing stays. */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        boolean interrupted = Thread.interrupted(); // or stopping would end before it began
        try (lock) {
            Optional<Postmaster> server = Postmaster.of(data());
            if (server.isPresent()) {
                stop(server.get());
            }
            if (temporary) {
                Folders.delete(folder);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
