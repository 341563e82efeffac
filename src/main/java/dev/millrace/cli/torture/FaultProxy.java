package dev.millrace.cli.torture;

import dev.millrace.thread.Threads;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands between one process and the database, as a network that can fail: breaks connections, swallows what is sent
 * without a word, or breaks one just before or just after a statement happened. Thread-safe.
 */
final class FaultProxy implements AutoCloseable {
    private static final int CONNECT_MILLIS = 2_000;

    private final ServerSocket listener;
    private final IntSupplier serverPort;
    private final Consumer<FaultKind> whenCut;
    private final Set<Passage> passages = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable FaultKind> armed = new AtomicReference<>();
    private volatile boolean held;

    /** @param whenCut hears of each armed cut that has been made */
    FaultProxy(IntSupplier serverPort, Consumer<FaultKind> whenCut) throws IOException {
        this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.serverPort = serverPort;
        this.whenCut = whenCut;
        Threads.startVirtual("proxy-" + port(), this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** How many connections pass through it now. */
    int connections() {
        return passages.size();
    }

    /** Breaks them all. */
    void cut() {
        passages.forEach(Passage::close);
    }

    /** Breaks the one that sends a statement next, before or after the server has done it. */
    void cutAtNextCommit(FaultKind when) {
        armed.set(when);
    }

    /** From now on nothing passes, and nobody is told. */
    void hold() {
        held = true;
    }

    /** Everything passes again, first of all what was held. */
    void release() {
        held = false;
    }

    /** Everything passes again, but what was held is gone and its connections break. */
    void lose() {
        cut();
        held = false;
    }

    /** As if nothing had ever been wrong. */
    void heal() {
        armed.set(null);
        held = false;
    }

    boolean isHeld() {
        return held;
    }

    /** The cut to make now, if there is one; nobody else makes it then. */
    @Nullable
    FaultKind takeCut() {
        return armed.get() == null ? null : armed.getAndSet(null);
    }

    void hasCut(FaultKind kind) {
        whenCut.accept(kind);
    }

    void ended(Passage passage) {
        passages.remove(passage);
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Threads.startVirtual("proxy-" + port(), () -> open(client));
            } catch (IOException e) {
                if (listener.isClosed()) {
                    return;
                }
            }
        }
    }

    private void open(Socket client) {
        Socket server = new Socket();
        try {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            server.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), serverPort.getAsInt()), CONNECT_MILLIS);
        } catch (IOException e) {
            Passage.close(client, server); // the server is away: the client is refused
            return;
        }
        Passage passage = new Passage(this, client, server);
        passages.add(passage);
        passage.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
