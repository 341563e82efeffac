package dev.millrace.cli.torture;

import dev.millrace.thread.Threads;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One connection through a {@link FaultProxy}: a thread for each direction. Thread-safe. */
final class Passage {
    private static final int BUFFER = 32 << 10;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final FaultProxy proxy;
    private final Socket client;
    private final Socket server;
    private volatile boolean swallowAnswer; // the statement has been sent; its answer shall not arrive
    private volatile boolean ended;

    Passage(FaultProxy proxy, Socket client, Socket server) {
        this.proxy = proxy;
        this.client = client;
        this.server = server;
    }

    void start() {
        Threads.startVirtual("proxy-out", () -> run(this::toServer));
        Threads.startVirtual("proxy-in", () -> run(this::toClient));
    }

    private interface Pump {
        void run() throws IOException;
    }

    private void run(Pump pump) {
        try {
            pump.run();
        } catch (IOException e) {
            // a side has gone: so does the other
        } finally {
            close();
        }
    }

    private void toServer() throws IOException {
        Wire wire = Wire.fromClient();
        byte[] bytes = new byte[BUFFER];
        int count;
        while ((count = client.getInputStream().read(bytes)) >= 0) {
            waitWhileHeld();
            int letter = wire.feed(bytes, count);
            if (letter == 'S' || letter == 'Q') { // what the server waits for before it commits
                FaultKind cut = proxy.takeCut();
                if (cut == FaultKind.CUT_BEFORE_COMMIT) {
                    proxy.hasCut(cut);
                    return;
                }
                swallowAnswer = cut == FaultKind.CUT_AFTER_COMMIT;
            }
            server.getOutputStream().write(bytes, 0, count);
        }
    }

    private void toClient() throws IOException {
        Wire wire = Wire.fromServer();
        byte[] bytes = new byte[BUFFER];
        int count;
        while ((count = server.getInputStream().read(bytes)) >= 0) {
            waitWhileHeld();
            boolean done = wire.feed(bytes, count) == 'Z'; // ready for the next: what was to be committed is
            if (!swallowAnswer) {
                client.getOutputStream().write(bytes, 0, count);
            } else if (done) {
                proxy.hasCut(FaultKind.CUT_AFTER_COMMIT);
                return;
            }
        }
    }

    private void waitWhileHeld() throws IOException {
        while (proxy.isHeld()) {
            if (ended) {
                throw new SocketException("cut");
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        if (ended) {
            throw new SocketException("cut");
        }
    }

    void close() {
        ended = true;
        close(client, server);
        proxy.ended(this);
    }

    static void close(@Nullable Socket... sockets) {
        for (Socket socket : sockets) {
            if (socket != null) {
                try {
                    socket.setSoLinger(true, 0); // a reset, as when a machine goes
                    socket.close();
                } catch (IOException e) {
                    // it is closed
                }
            }
        }
    }
}
