package dev.millrace.cli.torture;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * A file that a process writes its own story to, a line at a time, each with one call to the operating system: what is
 * written survives the process. Lines are rows as PostgreSQL's COPY reads them. Thread-safe.
 */
final class Ledger implements AutoCloseable {
    private final OutputStream file; // not a channel: that closes when a handler is interrupted

    Ledger(Path path) {
        try {
            this.file = new FileOutputStream(path.toFile(), true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What became of an append, as far as its process knows. */
    enum Append {
        /** It is about to be tried. */
        TRIED,
        /** It was acknowledged. */
        ACKNOWLEDGED,
        /** Its transaction was rolled back. */
        ROLLED_BACK,
        /** It is about to be appended again, as another: a yet unknown one. */
        YET_AGAIN
    }

    void write(Append what, Collection<UUID> ids) {
        char letter = what.name().charAt(0);
        write(ids.stream().map(id -> letter + "\t" + id + "\n").collect(Collectors.joining()));
    }

    /** A handler begins. */
    void started(UUID id, int attempt, Job.Kind kind) {
        run('S', id, attempt, kind.name());
    }

    /** A handler ends; {@code how} is {@code done} if it returned. */
    void ended(UUID id, int attempt, String how) {
        run('E', id, attempt, how);
    }

    /** The process was told that an answer came too late. */
    void late(UUID id, int attempt, String status) {
        run('L', id, attempt, status);
    }

    /** What is said to events and to the flow by who steers them. */
    enum Steered {
        /** It was cancelled. */
        CANCELLED,
        /** The flow was paused. */
        PAUSED,
        /** The flow is about to be resumed. */
        RESUMING
    }

    void write(Steered what, UUID id) {
        Instant now = Instant.now();
        write(what.name().charAt(0) + "\t" + id + "\t" + now + "\n");
    }

    /** A process is about to be killed. */
    void killed(long pid) {
        Instant now = Instant.now();
        write(pid + "\t" + now + "\n");
    }

    private void run(char what, UUID id, int attempt, String how) {
        write(what + "\t" + id + "\t" + attempt + "\t" + System.nanoTime() + "\t" + how + "\n");
    }

    private void write(String lines) {
        byte[] bytes = lines.getBytes(StandardCharsets.US_ASCII);
        try {
            synchronized (this) {
                file.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
