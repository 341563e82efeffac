package dev.millrace.cli;

import dev.millrace.Millrace;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The database that a command works with: the one named by {@code --jdbc-url}, else a {@link LocalPostgres}. The
 * schema is brought up to date. Confined to one thread.
 */
final class CommandDatabase implements AutoCloseable {
    /** How long calls under way may take to end when the command is interrupted. */
    static final Duration GRACE = Duration.ofSeconds(5);

    /** For reporting and stopping after a fatal error. */
    private static final Duration PUTTING_AWAY = Duration.ofSeconds(20);

    /** Whatever line was accepted can be stored: a body of JSON at most doubles when it is written as a string. */
    private static final int LARGEST_PAYLOAD = 4 * CallFile.LONGEST_LINE;

    private final @Nullable LocalPostgres local;
    private final Millrace millrace;
    private final LastResort lastResort;

    private CommandDatabase(@Nullable LocalPostgres local, Millrace millrace, Duration grace) {
        this.local = local;
        this.millrace = millrace;
        this.lastResort = LastResort.watch(millrace, grace.plus(PUTTING_AWAY));
    }

    /** Connects to a server of the user's. */
    static CommandDatabase connect(String jdbcUrl, Duration grace) {
        if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
            throw new BadInputException(
                    "--jdbc-url and MILLRACE_JDBC_URL must look like jdbc:postgresql://host/database?user=u");
        }
        return new CommandDatabase(null, millrace(jdbcUrl, grace), grace);
    }

    /**
     * Connects to a server of our own, which is stopped with this. Takes back what a killed process had under way:
     * nobody else uses that server, so there is no lease to wait for.
     */
    static CommandDatabase on(LocalPostgres local, Duration grace) throws IOException {
        try {
            LocalConnection connection = local.connection();
            Millrace millrace = millrace(
                    connection.url() + "?user=" + connection.user() + "&password=" + connection.password(), grace);
            millrace.takeBackAll();
            return new CommandDatabase(local, millrace, grace);
        } catch (RuntimeException e) {
            local.close();
            throw e;
        }
    }

    private static Millrace millrace(String jdbcUrl, Duration grace) {
        return Millrace.builder()
                .jdbcUrl(jdbcUrl)
                .shutdownGrace(grace)
                .keepAlive(false) // the command's own thread decides when the process ends
                .payloadCap(LARGEST_PAYLOAD)
                .migrate()
                .connect();
    }

    Millrace millrace() {
        return millrace;
    }

    /** Gives back what still runs, disconnects, and stops a server of our own. */
    @Override
    public void close() throws IOException {
        try {
            millrace.close();
        } finally {
            lastResort.close();
            if (local != null) {
                local.close();
            }
        }
    }
}
