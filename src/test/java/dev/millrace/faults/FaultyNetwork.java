package dev.millrace.faults;

import dev.millrace.postgres.TestDatabase;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A TCP relay on this machine that can swallow what passes through the connections it has, or cut them. New connections
 * work unless told otherwise. Thread-safe.
 */
public final class FaultyNetwork implements Closeable {
    private static final Pattern HOST_AND_PORT = Pattern.compile("//([^:/]+):(\\d+)/");

    private final ServerSocket server;
    private final String host;
    private final int port;
    private final List<Link> links = new CopyOnWriteArrayList<>();
    private volatile boolean swallowsNew;
    private volatile CountDownLatch gate = new CountDownLatch(0);

    private FaultyNetwork(String host, int port) throws IOException {
        this.host = host;
        this.port = port;
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    /** Relays to a test's database. */
    public static FaultyNetwork before(TestDatabase database) throws IOException {
        Matcher target = HOST_AND_PORT.matcher(database.jdbcUrl());
        if (!target.find()) {
            throw new IllegalArgumentException("no host and port in the database's URL");
        }
        return new FaultyNetwork(target.group(1), Integer.parseInt(target.group(2)));
    }

    /** How to reach that database through this. */
    public String through(TestDatabase database) {
        return HOST_AND_PORT.matcher(database.jdbcUrl()).replaceFirst("//localhost:" + server.getLocalPort() + "/");
    }

    /** Swallows everything on the connections there are: their ends wait for ever. */
    public void swallow() {
        links.forEach(link -> link.swallows = true);
    }

    /** As {@link #swallow}, and on all connections to come, too, until {@link #heal}. */
    public void swallowAll() {
        swallowsNew = true;
        swallow();
    }

    /** Lets new connections work again; what was swallowed stays so. */
    public void heal() {
        swallowsNew = false;
    }

    /** Lets new connections get through to here and no further, until {@link #letGo}. */
    public void hold() {
        gate = new CountDownLatch(1);
    }

    /** Lets those held get on. */
    public void letGo() {
        gate.countDown();
    }

    /** Ends when every connection there has been so far is closed, held ones among them. */
    public CompletableFuture<Void> allClosed() {
        return CompletableFuture.allOf(links.stream().map(link -> link.closed).toArray(CompletableFuture<?>[]::new));
    }

    /** Cuts all connections there are. */
    public void cut() {
        links.forEach(Link::close);
    }

    private void accept() {
        while (!server.isClosed()) {
            acceptOne();
        }
    }

    private void acceptOne() {
        try {
            Link link = new Link(server.accept(), swallowsNew);
            links.add(link);
            CountDownLatch held = gate;
            Thread.ofVirtual().start(() -> link.start(held, host, port));
        } catch (IOException e) {
            return; // closed
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        letGo();
        cut();
    }

    private static final class Link {
        private final Socket client;
        private final Socket target = new Socket();
        private final CompletableFuture<Void> closed = new CompletableFuture<>();
        private volatile boolean swallows;

        Link(Socket client, boolean swallows) {
            this.client = client;
            this.swallows = swallows;
        }

        void start(CountDownLatch held, String host, int port) {
            try {
                held.await();
                target.connect(new InetSocketAddress(host, port));
            } catch (IOException | InterruptedException e) {
                close(); // the server behind this does not accept
                return;
            }
            Thread.ofVirtual().start(() -> relay(client, target));
            Thread.ofVirtual().start(() -> relay(target, client));
        }

        private void relay(Socket from, Socket to) {
            byte[] buffer = new byte[8192];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (!swallows) {
                        out.write(buffer, 0, n);
                    }
                }
            } catch (IOException e) {
                return; // one end is gone; so is the other, below
            } finally {
                if (!swallows) {
                    close();
                }
            }
        }

        void close() {
            try (client;
                    target) {
                swallows = false;
            } catch (IOException e) {
                return; // it is closed
            } finally {
                closed.complete(null);
            }
        }
    }
}
