package dev.millrace.cli.torture;

import java.io.IOException;
import java.time.Duration;

/** The PostgreSQL of a torture run: durable, and ready to be crashed. Confined to one thread at a time. */
public interface Server extends AutoCloseable {
    /** On 127.0.0.1; another one after each crash. */
    int port();

    /** The database, with user and password, without host and port: what follows {@code jdbc:postgresql://host:port/}. */
    String path();

    /** Stops it as a crash would, leaves it away so long, and lets it recover. Returns when it answers again. */
    void crash(Duration away) throws IOException, InterruptedException;

    @Override
    void close() throws IOException;
}
