package dev.millrace.cli;

import dev.millrace.event.ConnectionException;
import dev.millrace.event.ValidationException;
import dev.millrace.thread.Threads;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes HTTP calls through one shared client of the JDK, to hosts that are allowed. Follows redirects among those, but never from
 * https to http; to another host it sends no credentials along.
 * Thread-safe; a call that is interrupted ends at once.
 */
final class HttpCaller implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);
    private static final int MOST_REDIRECTS = 5;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Set<String> CREDENTIALS = Set.of("authorization", "cookie", "proxy-authorization");
    private static final Pattern CHARSET = Pattern.compile("(?i)charset\\s*=\\s*\"?([^\\s;\"]+)");

    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Threads.virtuals("http-"));
    private final HttpClient client;
    private final int bodyCap;
    private final AllowedHosts hosts;

    /** One that keeps at most {@code bodyCap} bytes of each answer, and calls those hosts only. */
    HttpCaller(int bodyCap, AllowedHosts hosts) {
        this.bodyCap = bodyCap;
        this.hosts = hosts;
        this.client = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .executor(threads)
                .build();
    }

    /**
     * Makes one call and waits for the answer.
     *
     * @throws HttpStatusException if the answer's status is 400 or above
     * @throws ConnectionException if there was no answer
     * @throws ValidationException if the call cannot be sent as it is
     * @throws InterruptedException if the thread was interrupted; the connection is given up
     */
    CallResult call(HttpCall call) throws InterruptedException {
        CallResult answer = answer(call, request(call));
        if (answer.status() >= 400) {
            throw new HttpStatusException(call, answer);
        }
        return answer;
    }

    private static HttpRequest request(HttpCall call) {
        try {
            return call.request();
        } catch (IllegalArgumentException e) {
            throw new ValidationException(String.valueOf(e.getMessage()));
        }
    }

    private CallResult answer(HttpCall call, HttpRequest request) throws InterruptedException {
        try {
            HttpResponse<CappedBody.Content> response = follow(request);
            String contentType = response.headers()
                    .firstValue("Content-Type")
                    .map(type -> Text.printable(type, 200))
                    .orElse(null);
            CappedBody.Content content = response.body();
            return new CallResult(
                    response.statusCode(), contentType, text(content, charset(contentType)), content.truncated());
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException("interrupted while calling");
            }
            throw noAnswer(call, e);
        }
    }

    private HttpResponse<CappedBody.Content> follow(HttpRequest first) throws IOException, InterruptedException {
        HttpRequest request = first;
        for (int redirects = 0; ; redirects++) {
            checkHost(request.uri());
            HttpResponse<CappedBody.Content> response = client.send(request, info -> new CappedBody(bodyCap));
            HttpRequest next = redirects < MOST_REDIRECTS ? redirected(request, response) : null;
            if (next == null) {
                return response;
            }
            request = next;
        }
    }

    private void checkHost(URI address) {
        try {
            hosts.check(address);
        } catch (IllegalArgumentException e) {
            throw new ValidationException(String.valueOf(e.getMessage()));
        }
    }

    /** The request that a redirect asks for; null if the answer is none, or one that is not followed. */
    private static @Nullable HttpRequest redirected(HttpRequest request, HttpResponse<?> response) {
        int status = response.statusCode();
        String location = response.headers().firstValue("Location").orElse(null);
        if (!REDIRECTS.contains(status) || location == null) {
            return null;
        }
        URI target;
        try {
            target = request.uri().resolve(location);
        } catch (IllegalArgumentException e) {
            return null; // no address: the answer is the redirect itself
        }
        boolean web = "https".equalsIgnoreCase(target.getScheme())
                || ("http".equalsIgnoreCase(target.getScheme())
                        && "http".equalsIgnoreCase(request.uri().getScheme()));
        if (!web || target.getHost() == null) {
            return null;
        }
        boolean sameHost = target.getHost().equalsIgnoreCase(request.uri().getHost())
                && target.getPort() == request.uri().getPort();
        HttpRequest.Builder next = HttpRequest.newBuilder(
                request, (name, value) -> sameHost || !CREDENTIALS.contains(name.toLowerCase(Locale.ROOT)));
        boolean asGet = status == 303 || (status < 303 && request.method().equals("POST"));
        if (asGet && !request.method().equals("HEAD")) {
            next.method("GET", HttpRequest.BodyPublishers.noBody());
        }
        return next.uri(target).build();
    }

    private static ConnectionException noAnswer(HttpCall call, IOException e) {
        String reason = e.getMessage() == null ? e.getClass().getSimpleName() : Text.printable(e.getMessage(), 200);
        ConnectionException failure = new ConnectionException(call.label() + " got no answer: " + reason);
        failure.initCause(e);
        return failure;
    }

    /** As the server says, if this JVM knows it; else UTF-8. */
    private static Charset charset(@Nullable String contentType) {
        Matcher matcher = CHARSET.matcher(contentType == null ? "" : contentType);
        try {
            return matcher.find() ? Charset.forName(matcher.group(1)) : StandardCharsets.UTF_8;
        } catch (IllegalArgumentException e) {
            return StandardCharsets.UTF_8;
        }
    }

    /** The text, with U+FFFD for what is not text and for NUL, which PostgreSQL cannot store. */
    private static String text(CappedBody.Content content, Charset charset) {
        CharsetDecoder decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPLACE)
                .onUnmappableCharacter(CodingErrorAction.REPLACE);
        CharBuffer out =
                CharBuffer.allocate((int) Math.ceil(content.bytes().remaining() * decoder.maxCharsPerByte()) + 1);
        decoder.decode(content.bytes(), out, !content.truncated()); // drops a character cut in two
        return out.flip().toString().replace('\0', '\uFFFD');
    }

    /** Ends the calls under way and closes the connections. */
    @Override
    public void close() {
        client.shutdownNow();
        client.close();
        threads.shutdownNow();
    }
}
