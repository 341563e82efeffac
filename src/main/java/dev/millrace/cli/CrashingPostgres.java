package dev.millrace.cli;

import dev.millrace.cli.torture.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** A {@link LocalPostgres} for the torture run. */
final class CrashingPostgres implements Server {
    private final LocalPostgres postgres;
    private volatile LocalConnection connection; // the proxies' threads ask for the port

    private CrashingPostgres(LocalPostgres postgres) {
        this.postgres = postgres;
        this.connection = postgres.connection();
    }

    static Server start(Path folder) throws IOException, InterruptedException {
        return new CrashingPostgres(LocalPostgres.start(folder));
    }

    @Override
    public int port() {
        return connection.port();
    }

    @Override
    public String path() {
        String database = connection.url().substring(connection.url().lastIndexOf('/') + 1);
        return database + "?user=" + connection.user() + "&password=" + connection.password();
    }

    @Override
    public void crash(Duration away) throws IOException, InterruptedException {
        postgres.crash();
        Thread.sleep(away);
        postgres.startAgain();
        connection = postgres.connection();
    }

    @Override
    public void close() throws IOException {
        postgres.close();
    }
}
