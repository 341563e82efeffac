package dev.millrace.cli;

import java.io.IOException;
import java.nio.file.Path;

/** Stops a server of ours by its own pid: first gently, then by force. */
final class PostgresStop {
    private PostgresStop() {}

    /**
     * Stops that server and waits until it is gone; committed data is safe either way.
     *
     * @throws IOException if it will not go
     */
    static void stop(PostgresTools tools, Path data, Postmaster server) throws IOException, InterruptedException {
        for (String mode : new String[] {"fast", "immediate"}) {
            try {
                tools.run(data, "pg_ctl", "stop", "-m", mode, "-w", "-t", "20", "-s");
                return;
            } catch (IOException e) {
                if (!server.isAlive(data)) {
                    return; // it went between the look and the signal
                }
                if (mode.equals("immediate")) {
                    throw new IOException(
                            "the PostgreSQL server with pid " + server.pid() + " on " + data + " does not stop: "
                                    + e.getMessage(),
                            e);
                }
            }
        }
    }
}
