package dev.millrace.cli;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/**
 * Reads a response's body up to a cap and then hangs up, so that no answer, however long, fills the memory.
 * The client calls it from one thread at a time.
 */
final class CappedBody implements BodySubscriber<CappedBody.Content> {
    private final int cap;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CompletableFuture<Content> content = new CompletableFuture<>();
    private @Nullable Subscription subscription;

    /** What was read; {@code truncated} if there was more. */
    record Content(ByteBuffer bytes, boolean truncated) {}

    /** One that keeps at most {@code cap} bytes. */
    CappedBody(int cap) {
        this.cap = cap;
    }

    @Override
    public CompletionStage<Content> getBody() {
        return content;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        this.subscription = subscription;
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            int room = cap - bytes.size();
            byte[] part = new byte[Math.min(room, buffer.remaining())];
            buffer.get(part);
            bytes.writeBytes(part);
            if (buffer.hasRemaining()) {
                Objects.requireNonNull(subscription).cancel();
                content.complete(new Content(ByteBuffer.wrap(bytes.toByteArray()), true));
                return;
            }
        }
    }

    @Override
    public void onError(Throwable error) {
        content.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
        content.complete(new Content(ByteBuffer.wrap(bytes.toByteArray()), false));
    }
}
