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
    private static final Duration STOPPING = Duration.ofSeconds(5);

    /** Whatever line was accepted can be stored: a body of JSON at most doubles when it is written as a string. */
    private static final int LARGEST_PAYLOAD = 4 * CallFile.LONGEST_LINE;

    private final @Nullable LocalPostgres local;
    private final Millrace millrace;

    private CommandDatabase(@Nullable LocalPostgres local, Millrace millrace) {
        this.local = local;
        this.millrace = millrace;
    }

    /** Connects to a server of the user's. */
    static CommandDatabase connect(String jdbcUrl) {
        if (!jdbcUrl.startsWith("jdbc:postgresql:")) {
            throw new BadInputException("--jdbc-url must look like jdbc:postgresql://host/database?user=u&password=p");
        }
        return new CommandDatabase(null, millrace(jdbcUrl));
    }

    /**
     * Connects to a server of our own, which is stopped with this. Takes back what a killed process had under way:
     * nobody else uses that server, so there is no lease to wait for.
     */
    static CommandDatabase on(LocalPostgres local) throws IOException {
        try {
            LocalConnection connection = local.connection();
            Millrace millrace =
                    millrace(connection.url() + "?user=" + connection.user() + "&password=" + connection.password());
            millrace.takeBackAll();
            return new CommandDatabase(local, millrace);
        } catch (RuntimeException e) {
            local.close();
            throw e;
        }
    }

    private static Millrace millrace(String jdbcUrl) {
        return Millrace.builder()
                .jdbcUrl(jdbcUrl)
                .shutdownGrace(STOPPING)
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
            if (local != null) {
                local.close();
            }
        }
    }
}
