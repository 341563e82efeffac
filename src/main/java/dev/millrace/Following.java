package dev.millrace;

import dev.millrace.event.CallInterruptedException;
import dev.millrace.event.Chunk;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Execution;
import dev.millrace.event.UncompletedException;
import dev.millrace.store.Streams.Place;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of one event as they come. Waits for the next one, and ends with the event, or when it is closed. Confined to one
 * thread, but for {@link #close}.
 */
final class Following implements Iterator<Chunk>, AutoCloseable {
    private final Function<Place, CompletableFuture<List<Chunk>>> pages;
    private final Supplier<Execution> execution;
    private final ArrayDeque<Chunk> read = new ArrayDeque<>();
    private Place place;
    private boolean ended;
    private volatile boolean closed;
    private volatile @Nullable CompletableFuture<List<Chunk>> asked;

    /**
     * @param pages what comes at a place, when it comes
     * @param execution how the event is doing, once it has ended; throws if it is not there
     */
    Following(Place start, Function<Place, CompletableFuture<List<Chunk>>> pages, Supplier<Execution> execution) {
        this.place = start;
        this.pages = pages;
        this.execution = execution;
    }

    Stream<Chunk> stream() {
        int traits = Spliterator.ORDERED | Spliterator.NONNULL;
        return StreamSupport.stream(Spliterators.spliteratorUnknownSize(this, traits), false)
                .onClose(this::close);
    }

    @Override
    public boolean hasNext() {
        while (read.isEmpty() && !ended && !closed) {
            List<Chunk> page = await();
            if (page == null) {
                break;
            }
            for (Chunk chunk : page) {
                read.add(chunk);
                place = new Place(place.flow(), place.event(), chunk.attempt(), chunk.index() + 1);
            }
            if (page.isEmpty()) {
                ended = true;
                requireCompleted();
            }
        }
        return !closed && !read.isEmpty();
    }

    @Override
    public Chunk next() {
        if (!hasNext()) {
            throw new NoSuchElementException("event " + place.event() + " emits nothing more");
        }
        return read.remove();
    }

    /** Null if this is closed. */
    private @Nullable List<Chunk> await() {
        CompletableFuture<List<Chunk>> next = pages.apply(place);
        asked = next;
        if (closed) { // looked at after it was asked: whoever closes this now finds it
            next.cancel(false);
        }
        try {
            return next.get();
        } catch (CancellationException e) {
            return null;
        } catch (ExecutionException e) {
            ended = true;
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            next.cancel(false);
            ended = true;
            Thread.currentThread().interrupt();
            throw new CallInterruptedException(
                    "interrupted while following event %s; nothing was changed".formatted(place.event()),
                    false,
                    List.of(),
                    e);
        }
    }

    private void requireCompleted() {
        Execution how = execution.get();
        if (how.status() != EventStatus.COMPLETED) {
            throw UncompletedException.of(place.event(), how);
        }
    }

    /** Ends the following, from any thread. */
    @Override
    public void close() {
        closed = true;
        CompletableFuture<List<Chunk>> waiting = asked;
        if (waiting != null) {
            waiting.cancel(false);
        }
    }
}
