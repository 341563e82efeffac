package dev.millrace;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.ApplicationJson;
import dev.millrace.event.EventStatus;
import dev.millrace.event.NotEndedException;
import dev.millrace.event.UncompletedException;
import dev.millrace.store.StoredEvent;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What came of the events of one flow, for those who wait for it. Thread-safe. */
final class Results<T> {
    private final FlowClient<T> client;
    private final ApplicationJson json;

    Results(FlowClient<T> client, ApplicationJson json) {
        this.client = client;
        this.json = json;
    }

    /** The event once it has ended, its payload as it stands in its row; empty if it has not after that time. */
    Optional<StoredEvent> await(UUID id, Duration patience) throws InterruptedException {
        Objects.requireNonNull(patience, "patience");
        EventReader<T> reader = client.reader();
        StoredEvent event = reader.row(id).orElseThrow(() -> client.notFound(id));
        if (hasEnded(event)) {
            return Optional.of(event);
        }
        Optional<StoredEvent> ended = wait(id, patience);
        return ended.isPresent() ? ended : reader.row(id).filter(Results::hasEnded);
    }

    private static boolean hasEnded(StoredEvent event) {
        return event.execution().status().isTerminal();
    }

    /** Waits; empty if it has not ended, or is not there any more, or all is closed. */
    private Optional<StoredEvent> wait(UUID id, Duration patience) throws InterruptedException {
        CompletableFuture<StoredEvent> ended = ended(id);
        try {
            return Optional.of(ended.get(TimeUnit.NANOSECONDS.convert(patience), TimeUnit.NANOSECONDS)); // no overflow
        } catch (ExecutionException | TimeoutException e) {
            return Optional.empty();
        } finally {
            ended.cancel(false);
        }
    }

    /** Refuses to wait for an event where nothing can be seen of it. */
    void requireReading(String what) {
        client.millrace().store().requireReading(what);
    }

    private CompletableFuture<StoredEvent> ended(UUID id) {
        return client.millrace().waiters().ended(client.flow(), Objects.requireNonNull(id, "id"));
    }

    /** The response of an event when it has ended, read so. */
    <R extends @Nullable Object> CompletableFuture<R> result(UUID id, Function<JsonNode, R> reader) {
        requireReading("wait for a result");
        CompletableFuture<StoredEvent> ended = ended(id);
        CompletableFuture<R> result = ended.thenApply(event -> reader.apply(response(event)));
        var unused = result.whenComplete((response, error) -> ended.cancel(false)); // nobody waits any more
        return result;
    }

    /** The response of an event as JSON, waiting for it. */
    JsonNode get(UUID id, Duration patience) throws InterruptedException {
        CompletableFuture<StoredEvent> ended = ended(id);
        try {
            return response(ended.get(TimeUnit.NANOSECONDS.convert(patience), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            throw new NotEndedException(id, patience);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } finally {
            ended.cancel(false);
        }
    }

    private static JsonNode response(StoredEvent event) {
        JsonNode response = event.execution().response();
        if (event.execution().status() != EventStatus.COMPLETED || response == null) {
            throw UncompletedException.of(event.id(), event.execution());
        }
        return response;
    }

    /** A reader of an event's response as that class. */
    <R> Function<JsonNode, @Nullable R> as(UUID id, Class<R> type) {
        Objects.requireNonNull(type, "type");
        return response -> response.isNull() ? null : json.readResponse(id, response, type);
    }
}
