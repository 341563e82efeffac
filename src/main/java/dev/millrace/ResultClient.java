package dev.millrace;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Chunk;
import dev.millrace.event.Event;
import dev.millrace.event.EventAttempt;
import dev.millrace.event.Execution;
import dev.millrace.event.Json;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.Progress;
import dev.millrace.store.FlowRow;
import dev.millrace.store.StoredEvent;
import dev.millrace.store.Streams;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What can be learnt of single events of a flow, by whoever waits for them: how they end, what they answer, what they emit
 * meanwhile. Needs no handler and no {@code start()}. An {@link Executor} is one that can run them as well. Thread-safe.
 *
 * @param <T> the payload's type
 */
public abstract sealed class ResultClient<T> extends FlowClient<T> permits Executor {
    private final Results<T> results;

    ResultClient(Millrace millrace, FlowRow flow, Codec<T> codec) {
        super(millrace, flow, codec);
        this.results = new Results<>(this, codec.json());
    }

    /**
     * Waits until an event has ended; empty if it has not after that time. However many are awaited in this process, one
     * statement asks about all of them, 12 times a second once they take long.
     *
     * @throws NotFoundException if the flow has no such event
     * @throws dev.millrace.event.ValidationException if it has ended and its payload cannot be read: see {@link EventReader}
     */
    public Optional<Event<T>> await(UUID id, Duration patience) throws InterruptedException {
        EventReader<T> reader =
                reader(); // before it waits: this Millrace may be closed by then, and the event ended in its grace
        return Interruptible.call(() -> results.await(id, patience)).map(reader::read);
    }

    /** As {@link #await}, how it has ended, whatever its payload is. */
    Optional<Execution> awaitEnd(UUID id, Duration patience) throws InterruptedException {
        return results.await(id, patience).map(StoredEvent::execution);
    }

    /**
     * The response of an event, as soon as it has ended, wherever that is; a JSON null for a null. Asks in the background, as
     * {@link #await} does, also where nothing runs. Fails with an {@link dev.millrace.event.UncompletedException} that has
     * the remote error as its cause if the event ends in another way than completed, with a {@link NotFoundException} if the
     * flow does not have it or not any more, and with an {@link IllegalStateException} when this Millrace is closed.
     * Whoever has waited long enough cancels it, or gives it a time with {@code orTimeout}; that does not touch the event.
     */
    public CompletableFuture<JsonNode> result(UUID id) {
        Objects.requireNonNull(id, "id");
        return results.result(id, Function.identity());
    }

    /**
     * As {@link #result(UUID)}, as an instance of that class; null for a null. Also fails with a
     * {@link dev.millrace.event.ValidationException} if the response cannot be read as that class, or is not stored: what Jackson cannot
     * write, or is over the response cap, has only a mark in its place.
     */
    public <R> CompletableFuture<@Nullable R> result(UUID id, Class<R> type) {
        Objects.requireNonNull(id, "id");
        return results.result(id, results.as(id, type));
    }

    /**
     * Appends an event and waits for its response, whichever process makes it.
     *
     * @return the response as JSON; a JSON null for a null
     * @throws dev.millrace.event.UncompletedException if it ended in another way than completed; the cause is the remote error
     * @throws dev.millrace.event.NotEndedException if it has not ended after that time; it goes on, and the exception names its id
     */
    public JsonNode appendAndAwait(T payload, Duration patience) throws InterruptedException {
        Objects.requireNonNull(patience, "patience");
        results.requireReading("wait for a result");
        return Interruptible.call(() -> results.get(append(payload), patience));
    }

    /** As {@link #appendAndAwait(Object, Duration)}, with options, as an instance of that class; null for a null. */
    public <R> @Nullable R appendAndAwait(T payload, Append options, Class<R> type, Duration patience)
            throws InterruptedException {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(patience, "patience");
        results.requireReading("wait for a result");
        return Interruptible.call(() -> {
            UUID id = append(payload, options);
            return results.as(id, type).apply(results.get(id, patience));
        });
    }

    /** Every attempt at an event in order, the running one included; none for an event that was never claimed. */
    public List<EventAttempt> attempts(UUID id) {
        return millrace().store().retries().attempts(flow().id(), Objects.requireNonNull(id, "id"));
    }

    /**
     * How far the handler of an event is, as it said last with {@link dev.millrace.work.Run#progress}; a moment old at most. What
     * was said last stays when the event has ended, until it is cleaned up, and when it is retried, until the next attempt
     * says something: see {@link Progress#attempt}. Empty if nothing was ever said, or the flow does not have the event.
     */
    public Optional<Progress> progress(UUID id) {
        return millrace().store().events().progress(flow().id(), Objects.requireNonNull(id, "id"));
    }

    /** The chunks of a streaming event from an index on, at most so many: 1 to {@link EventReader#MAX_PAGE}. */
    public List<JsonNode> chunks(UUID id, int from, int limit) {
        Objects.requireNonNull(id, "id");
        checkFrom(from);
        EventReader.checkLimit(limit);
        return millrace().store().events().chunks(id, from, limit).stream()
                .map(Json::parse)
                .toList();
    }

    /** As {@link #follow(UUID, int)}, from the first chunk on. */
    public Stream<Chunk> follow(UUID id) {
        return follow(id, 0);
    }

    /**
     * The chunks of a streaming event as it emits them, wherever it runs, from an index on; what it has emitted before comes first.
     * Begins with the last attempt that has emitted anything, or with the first that does. An attempt that follows begins
     * afresh: its chunks come after, with its number, from index 0. The stream waits for what has not come, ends when the event
     * has completed, and must be closed. Closing it, from any thread, also ends its waiting.
     *
     * <p>Its operations throw an {@link dev.millrace.event.UncompletedException} after the last chunk if the event ended in another
     * way than completed, a {@link NotFoundException} if the flow does not have it, a
     * {@link dev.millrace.event.CallInterruptedException} if the thread is interrupted, and an {@link IllegalStateException}
     * when this Millrace is closed.
     *
     * @param from 0 or more
     */
    public Stream<Chunk> follow(UUID id, int from) {
        checkFrom(from);
        return follow(new Streams.Place(flow().id(), Objects.requireNonNull(id, "id"), null, from));
    }

    /** As {@link #follow(UUID, int)}, what comes after a chunk that was seen before: to go on after a break. */
    public Stream<Chunk> follow(UUID id, Chunk last) {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(last, "last");
        return follow(new Streams.Place(flow().id(), id, last.attempt(), last.index() + 1));
    }

    private static void checkFrom(int from) {
        if (from < 0) {
            throw new IllegalArgumentException("from must not be negative, got " + from);
        }
    }

    private Stream<Chunk> follow(Streams.Place start) {
        results.requireReading("follow an event");
        return new Following(start, millrace().followers()::next, () -> execution(start.event())).stream();
    }

    private Execution execution(UUID id) {
        return millrace()
                .store()
                .events()
                .find(flow().id(), id)
                .orElseThrow(() -> notFound(id))
                .execution();
    }
}
