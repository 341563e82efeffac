package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.millrace.event.ConnectionException;
import dev.millrace.event.Errors;
import dev.millrace.event.ValidationException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpCallerTest {
    private static final int CAP = 1000;

    private final HttpCaller caller = new HttpCaller(CAP, AllowedHosts.ALL);
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    @AfterEach
    void stop() {
        release.countDown();
        caller.close();
        server.stop(0);
    }

    @Test
    void call_withMethodHeadersAndBody_sendsThem() throws Exception {
        CompletableFuture<String> seen = new CompletableFuture<>();
        server.createContext("/", exchange -> {
            try (exchange) {
                seen.complete(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " "
                        + exchange.getRequestHeaders().getFirst("X-Key") + " "
                        + new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
                exchange.sendResponseHeaders(204, -1);
            }
        });

        CallResult result = caller.call(new HttpCall(url("/a?b=c"), "PUT", Map.of("X-Key", "v"), "grüße"));

        assertThat(seen.get(60, TimeUnit.SECONDS)).isEqualTo("PUT /a?b=c v grüße");
        assertThat(result).isEqualTo(new CallResult(204, null, "", false));
    }

    @Test
    void call_withAnAnswerInACharset_decodesIt() throws Exception {
        answer(200, "text/plain; charset=ISO-8859-1", "grüße\0".getBytes(StandardCharsets.ISO_8859_1));

        assertThat(caller.call(HttpCall.get(url("/"))).body()).isEqualTo("grüße\uFFFD");
    }

    @Test
    void call_withAnEndlessAnswer_readsUpToTheCapAndHangsUp() throws Exception {
        CompletableFuture<Boolean> hungUp = new CompletableFuture<>();
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] block = new byte[8192];
            Arrays.fill(block, (byte) 'x');
            try (OutputStream out = exchange.getResponseBody()) {
                while (true) {
                    out.write(block);
                }
            } catch (IOException e) {
                hungUp.complete(true);
            }
        });

        CallResult result = caller.call(HttpCall.get(url("/")));

        assertThat(result.body()).isEqualTo("x".repeat(CAP));
        assertThat(result.truncated()).isTrue();
        assertThat(hungUp.get(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void call_withAnAnswerCutInsideACharacter_dropsThePart() throws Exception {
        answer(200, "text/plain", ("x" + "ü".repeat(CAP)).getBytes(StandardCharsets.UTF_8));

        assertThat(caller.call(HttpCall.get(url("/"))).body()).isEqualTo("x" + "ü".repeat((CAP - 1) / 2));
    }

    @Test
    void call_withAnAnswerOfExactlyTheCap_isNotTruncated() throws Exception {
        answer(200, "text/plain", "x".repeat(CAP).getBytes(StandardCharsets.UTF_8));

        assertThat(caller.call(HttpCall.get(url("/"))).truncated()).isFalse();
    }

    @Test
    @DisplayName("13.25 a redirect is followed to allowed hosts only")
    void call_redirectedToAHostThatIsNotAllowed_isRefused() {
        AtomicInteger inside = new AtomicInteger();
        server.createContext(
                "/",
                exchange -> redirect(
                        exchange, 302, "http://localhost:" + server.getAddress().getPort() + "/in"));
        server.createContext("/in", exchange -> {
            inside.incrementAndGet();
            redirect(exchange, 200, "/");
        });

        try (HttpCaller careful = new HttpCaller(CAP, AllowedHosts.of(List.of("127.0.0.1")))) {
            assertThatThrownBy(() -> careful.call(HttpCall.get(url("/"))))
                    .isInstanceOf(ValidationException.class)
                    .hasMessageContaining("host 'localhost' is not among those of --allow-host");
        }
        assertThat(inside).hasValue(0);
    }

    @ParameterizedTest
    @CsvSource({"301, POST, GET", "302, POST, GET", "303, PUT, GET", "307, POST, POST", "308, PUT, PUT"})
    void call_redirected_isMadeAgainWithoutCredentialsForAnotherHost(int status, String method, String again)
            throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        server.createContext("/", exchange -> redirect(exchange, status, "/same"));
        server.createContext("/same", exchange -> {
            seen.add(exchange.getRequestMethod() + exchange.getRequestHeaders().get("Authorization"));
            redirect(exchange, 307, "http://localhost:" + server.getAddress().getPort() + "/other");
        });
        server.createContext("/other", exchange -> {
            seen.add(exchange.getRequestMethod() + exchange.getRequestHeaders().get("Authorization"));
            redirect(exchange, 200, "/");
        });

        CallResult result = caller.call(new HttpCall(url("/"), method, Map.of("Authorization", "secret"), "body"));

        assertThat(result.status()).isEqualTo(200);
        assertThat(seen).containsExactly(again + "[secret]", again + "null");
    }

    private static void redirect(HttpExchange exchange, int status, String location) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            exchange.getResponseHeaders().set("Location", location);
            exchange.sendResponseHeaders(status, -1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 403, 404, 409, 410, 422})
    void call_answeredWithARefusal_failsForGood(int status) {
        answer(status, "text/plain", "no\u001b[2J".getBytes(StandardCharsets.UTF_8));

        HttpStatusException failure = failure();

        assertThat(failure.retryable()).isFalse();
        assertThat(failure).hasMessage("GET %s answered %d: no\\u001b[2J", url("/"), status);
        assertThat(failure.details()).containsEntry("status", status).containsEntry("contentType", "text/plain");
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 425, 429, 500, 502, 503, 504})
    void call_answeredWithTrouble_mayBeTriedAgain(int status) {
        answer(status, "text/plain", new byte[0]);

        HttpStatusException failure = failure();

        assertThat(failure.retryable()).isTrue();
        assertThat(failure).hasMessage("GET %s answered %d", url("/"), status);
        assertThat(failure.errorName()).isEqualTo("HttpStatusError");
    }

    @Test
    void call_answeredWithALongRefusal_keepsAStartThatFitsItsErrorDocument() {
        answer(500, "text/plain", "\u0001\"ü".repeat(20_000).getBytes(StandardCharsets.UTF_8));
        try (HttpCaller generous = new HttpCaller(100_000, AllowedHosts.ALL)) {
            HttpStatusException failure =
                    catchThrowableOfType(HttpStatusException.class, () -> generous.call(HttpCall.get(url("/"))));

            assertThat(Errors.document(failure).path("details").path("body").asText())
                    .hasSize(1000);
            assertThat(failure.details()).containsEntry("truncated", true);
        }
    }

    @Test
    void call_toAClosedPort_mayBeTriedAgain() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }

        assertThatThrownBy(() -> caller.call(HttpCall.get("http://127.0.0.1:" + port + "/")))
                .isInstanceOfSatisfying(
                        ConnectionException.class,
                        e -> assertThat(e.retryable()).isTrue())
                .hasMessageContaining("got no answer");
    }

    @Test
    void call_thatIsInterrupted_endsAtOnce() throws Exception {
        server.createContext("/", exchange -> {
            reached.countDown();
            awaitRelease();
            exchange.close();
        });
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                caller.call(HttpCall.get(url("/")));
                outcome.complete(new AssertionError("answered"));
            } catch (Exception e) {
                outcome.complete(e);
            }
        });
        assertThat(reached.await(60, TimeUnit.SECONDS)).isTrue();

        thread.interrupt();

        assertThat(outcome.get(60, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    }

    @Test
    void call_whileTheBodyTricklesIn_canBeInterrupted() throws Exception {
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 0);
            exchange.getResponseBody().write('x');
            exchange.getResponseBody().flush();
            reached.countDown();
            awaitRelease();
            exchange.close();
        });
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                caller.call(HttpCall.get(url("/")));
                outcome.complete(new AssertionError("answered"));
            } catch (Exception e) {
                outcome.complete(e);
            }
        });
        assertThat(reached.await(60, TimeUnit.SECONDS)).isTrue();

        thread.interrupt();

        assertThat(outcome.get(60, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    }

    @Test
    void call_thatCannotBeSent_isRefused() {
        assertThatThrownBy(() -> caller.call(HttpCall.get("ftp://h/"))).isInstanceOf(ValidationException.class);
    }

    private HttpStatusException failure() {
        return catchThrowableOfType(HttpStatusException.class, () -> caller.call(HttpCall.get(url("/"))));
    }

    private void answer(int status, String contentType, byte[] body) {
        server.createContext("/", exchange -> {
            try (exchange) {
                exchange.getResponseHeaders().set("Content-Type", contentType);
                exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
                if (body.length > 0) {
                    exchange.getResponseBody().write(body);
                }
            }
        });
    }

    private void awaitRelease() {
        try {
            release.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String url(String target) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + target;
    }
}
