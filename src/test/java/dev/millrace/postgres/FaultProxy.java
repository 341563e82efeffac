package dev.millrace.postgres;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A TCP relay to the test server that reads along: it can cut a connection just before a statement reaches the server, or
 * when the server has done it and before the client hears of it. It can also cut, swallow and delay everything. Statements
 * of the product go by the name in the first line of their file, others (COMMIT) by their text. Thread-safe.
 */
public final class FaultProxy implements Closeable {
    private static final Pattern HEADER = Pattern.compile("^-- ([a-z_]+):");
    private static final Pattern HOST_AND_PORT = Pattern.compile("//([^:/]+):(\\d+)/");

    private final ServerSocket entrance;
    private final InetSocketAddress target;
    private final List<Link> links = new CopyOnWriteArrayList<>();
    private final Map<String, AtomicInteger> cutBefore = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> cutAnswer = new ConcurrentHashMap<>();
    private final AtomicInteger cuts = new AtomicInteger();
    private volatile boolean swallowing;
    private volatile long delayNanos;

    /** A relay to the server of that database. */
    public FaultProxy(TestDatabase database) throws IOException {
        Matcher place = HOST_AND_PORT.matcher(database.jdbcUrl());
        if (!place.find()) {
            throw new IllegalArgumentException("no host and port in the test server's URL");
        }
        this.target = new InetSocketAddress(place.group(1), Integer.parseInt(place.group(2)));
        this.entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().name("fault-proxy").start(this::accept);
    }

    /** How to reach that database through the relay. */
    public String url(TestDatabase database) {
        return HOST_AND_PORT.matcher(database.jdbcUrl()).replaceFirst("//localhost:" + entrance.getLocalPort() + "/")
                + "&sslmode=disable&gssEncMode=disable"; // what is encrypted cannot be read along
    }

    /** Cuts the connection instead of passing on the next executions of a statement, so many of them. */
    public void cutBefore(String statement, int times) {
        cutBefore.put(statement, new AtomicInteger(times));
    }

    /** Cuts the connection when the server has answered the next executions of a statement, instead of passing that on. */
    public void cutAnswer(String statement, int times) {
        cutAnswer.put(statement, new AtomicInteger(times));
    }

    /** How often a statement or its answer has been cut. */
    public int cuts() {
        return cuts.get();
    }

    /** Cuts all connections there are. */
    public void cutAll() {
        links.forEach(Link::close);
    }

    /** Swallows everything, on the connections there are and on those to come, until {@link #heal}. */
    public void swallow() {
        swallowing = true;
    }

    /** Lets everything through again; connections that lost something are cut. */
    public void heal() {
        swallowing = false;
        delayNanos = 0;
        links.stream().filter(link -> link.lostSomething).forEach(Link::close);
    }

    /** Passes on each answer so much later, until {@link #heal}. */
    public void delay(Duration time) {
        delayNanos = time.toNanos();
    }

    private void accept() {
        while (!entrance.isClosed()) {
            acceptOne();
        }
    }

    private void acceptOne() {
        try {
            Link link = new Link(entrance.accept());
            links.add(link);
            link.start();
        } catch (IOException e) {
            return; // closed, or the server does not accept: then neither does this
        }
    }

    @Override
    public void close() throws IOException {
        entrance.close();
        cutAll();
    }

    /** Whether one of that many is left, which is then taken. */
    private boolean take(Map<String, AtomicInteger> from, String statement) {
        AtomicInteger left = from.get(statement);
        if (left == null || left.getAndUpdate(n -> Math.max(0, n - 1)) == 0) {
            return false;
        }
        cuts.incrementAndGet();
        return true;
    }

    /** One connection: two threads, one for each direction. */
    private final class Link {
        private final Socket client;
        private final Socket server = new Socket();
        private final Map<String, String> prepared = new HashMap<>(); // confined to the client's direction
        private String bound = ""; // confined to the client's direction
        private volatile boolean withholding;
        private volatile boolean lostSomething;

        Link(Socket client) {
            this.client = client;
        }

        void start() {
            try {
                server.connect(target);
                server.setTcpNoDelay(true);
                client.setTcpNoDelay(true);
            } catch (IOException e) {
                close();
                return;
            }
            Thread.ofVirtual().name("fault-proxy-request").start(() -> relay(this::requests));
            Thread.ofVirtual().name("fault-proxy-answer").start(() -> relay(this::answers));
        }

        private void relay(Direction direction) {
            try {
                direction.run();
            } catch (IOException e) {
                close(); // one end is gone, or was cut: then so is the other
            }
        }

        void close() {
            links.remove(this);
            try (client;
                    server) {
                withholding = false;
            } catch (IOException e) {
                return; // it is closed
            }
        }

        private void requests() throws IOException {
            DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream()));
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(server.getOutputStream()));
            int startup = in.readInt();
            out.writeInt(startup);
            out.write(in.readNBytes(startup - 4));
            out.flush();
            while (true) {
                int type = in.readUnsignedByte();
                byte[] body = in.readNBytes(in.readInt() - 4);
                if (isCutBefore(type, body)) {
                    close();
                    return;
                }
                forward(out, type, body);
                if (in.available() == 0) {
                    out.flush();
                }
            }
        }

        private void answers() throws IOException {
            DataInputStream in = new DataInputStream(new BufferedInputStream(server.getInputStream()));
            DataOutputStream out = new DataOutputStream(new BufferedOutputStream(client.getOutputStream()));
            while (true) {
                int type = in.readUnsignedByte();
                byte[] body = in.readNBytes(in.readInt() - 4);
                if (withholding) {
                    if (type == 'Z') { // the server has done it all, and has committed it
                        close();
                        return;
                    }
                    continue;
                }
                if (delayNanos > 0 && in.available() == 0) {
                    LockSupport.parkNanos(delayNanos);
                }
                forward(out, type, body);
                if (in.available() == 0) {
                    out.flush();
                }
            }
        }

        private void forward(DataOutputStream out, int type, byte[] body) throws IOException {
            if (swallowing || lostSomething) {
                lostSomething = true;
                return;
            }
            out.writeByte(type);
            out.writeInt(body.length + 4);
            out.write(body);
        }

        /** Looks which statement this message executes, if it does. */
        private boolean isCutBefore(int type, byte[] body) {
            ByteBuffer message = ByteBuffer.wrap(body);
            switch (type) {
                case 'P' -> prepared.put(text(message), nameOf(text(message)));
                case 'B' -> {
                    String portal = text(message);
                    bound = portal.isEmpty() ? prepared.getOrDefault(text(message), "") : bound;
                }
                case 'Q' -> {
                    return strikes(nameOf(text(message)));
                }
                case 'E' -> {
                    return strikes(bound);
                }
                default -> {}
            }
            return false;
        }

        private boolean strikes(String statement) {
            if (take(cutAnswer, statement)) {
                withholding = true;
            }
            return take(cutBefore, statement);
        }
    }

    @FunctionalInterface
    private interface Direction {
        void run() throws IOException;
    }

    /** A text up to its zero byte. */
    private static String text(ByteBuffer message) {
        int start = message.position();
        while (message.get() != 0) {
            // on to the end of it
        }
        byte[] text = new byte[message.position() - 1 - start];
        message.get(start, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private static String nameOf(String sql) {
        Matcher header = HEADER.matcher(sql);
        return header.find() ? header.group(1) : sql;
    }
}
