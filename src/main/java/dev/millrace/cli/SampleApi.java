package dev.millrace.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.thread.Threads;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A sample HTTP API on the loopback address. How a request fares follows from its path and query alone, so that runs
 * can be repeated: see {@link SampleRoute}. Counts the requests it gets; {@code GET /__stats} tells the counts.
 *
 * <p>Thread-safe. Each request has a virtual thread of its own.
 */
final class SampleApi implements AutoCloseable {
    private static final String STATS = "/__stats";
    private static final int BACKLOG = 1024;

    private final HttpServer server;
    private final ExecutorService threads;
    private final Duration slow;
    private final Map<String, Integer> requests = new ConcurrentHashMap<>();

    private SampleApi(HttpServer server, Duration slow) {
        this.server = server;
        this.slow = slow;
        this.threads = Executors.newThreadPerTaskExecutor(Threads.virtuals("sample-api-"));
    }

    /**
     * Starts one.
     *
     * @param port 0 for any free one
     * @param slow how long the too-slow endpoints take
     * @throws IOException if the port is taken
     */
    static SampleApi start(int port, Duration slow) throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        SampleApi api = new SampleApi(HttpServer.create(address, BACKLOG), slow);
        api.server.setExecutor(api.threads);
        api.server.createContext("/", api::answer);
        api.server.start();
        return api;
    }

    /** Where it listens, such as {@code http://127.0.0.1:8080}. */
    String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** How often each path with its query was asked for, in the order of the paths. A copy. */
    Map<String, Integer> requests() {
        return new TreeMap<>(requests);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().transferTo(OutputStream.nullOutputStream()); // unread, it costs the connection
            String target = exchange.getRequestURI().toASCIIString();
            if (target.equals(STATS)) {
                send(exchange, 200, SampleJson.stats(requests()));
                return;
            }
            int count = requests.merge(target, 1, Integer::sum);
            SampleRoute route = SampleRoute.of(target, count);
            Thread.sleep(route.slow() ? slow : route.latency());
            send(exchange, route.status(), SampleJson.answer(exchange.getRequestMethod(), target, route.status()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the server is closing; the client sees the connection end
        }
    }

    private static void send(HttpExchange exchange, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        boolean bodiless = exchange.getRequestMethod().equals("HEAD") || status == 204 || status == 304;
        exchange.sendResponseHeaders(status, bodiless ? -1 : body.length);
        if (!bodiless) {
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }

    /** Stops at once; requests under way are cut off. May be called twice. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
