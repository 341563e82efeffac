package dev.millrace.cli;

import dev.millrace.event.ConnectionException;
import dev.millrace.event.ValidationException;
import dev.millrace.thread.Threads;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes HTTP calls through one shared client of the JDK. Follows redirects, but never from https to http.
 * Thread-safe; a call that is interrupted ends at once.
 */
final class HttpCaller implements AutoCloseable {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(30);
    private static final Pattern CHARSET = Pattern.compile("(?i)charset\\s*=\\s*\"?([^\\s;\"]+)");

    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Threads.virtuals("http-"));
    private final HttpClient client;
    private final int bodyCap;

    /** One that keeps at most {@code bodyCap} bytes of each answer. */
    HttpCaller(int bodyCap) {
        this.bodyCap = bodyCap;
        this.client = HttpClient.newBuilder()
                .connectTimeout(CONNECT_TIMEOUT)
                .followRedirects(HttpClient.Redirect.NORMAL)
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
            HttpResponse<CappedBody.Content> response = client.send(request, info -> new CappedBody(bodyCap));
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
