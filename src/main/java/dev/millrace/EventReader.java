package dev.millrace;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.store.Events;
import dev.millrace.store.Place;
import dev.millrace.store.StoredEvent;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of one flow: by id, page by page, or one after another. Each read sees its own moment. Thread-safe.
 *
 * @param <T> what payloads are read as
 */
public final class EventReader<T> {
    /** The most events in one page. */
    public static final int MAX_PAGE = 1_000;

    private final Events events;
    private final int flow;
    private final Function<StoredEvent, Event<T>> decoder;

    EventReader(Events events, int flow, Function<StoredEvent, Event<T>> decoder) {
        this.events = events;
        this.flow = flow;
        this.decoder = decoder;
    }

    /** One event with how it is doing; empty if this flow does not have it. */
    public Optional<Event<T>> find(UUID id) {
        Objects.requireNonNull(id, "id");
        return events.find(flow, id).map(decoder);
    }

    /**
     * One page of a status progression. Pending events come in the order they will be claimed, those not due yet after;
     * running ones in order of claim; settled ones in order of arrival.
     *
     * @param after the {@code next} of the page before; null for the first
     * @param limit 1 to {@link #MAX_PAGE}
     * @throws IllegalArgumentException if {@code after} is not the {@code next} of a page of this progression
     */
    public EventPage<T> page(EventStatus status, @Nullable String after, int limit) {
        Objects.requireNonNull(status, "status");
        checkLimit(limit);
        Place place = after == null ? Place.START : Place.parse(after);
        Events.Page page = events.page(flow, status, place, limit);
        Place next = page.next();
        return new EventPage<>(page.events().stream().map(decoder).toList(), next == null ? null : next.encode());
    }

    /** The event of a row that was read elsewhere. */
    Event<T> read(StoredEvent row) {
        return decoder.apply(row);
    }

    static void checkLimit(int limit) {
        if (limit < 1 || limit > MAX_PAGE) {
            throw new IllegalArgumentException("limit must be 1 to %d, got %d".formatted(MAX_PAGE, limit));
        }
    }

    /** All events of a status progression, read page by page while they are iterated. */
    public Iterable<Event<T>> all(EventStatus status) {
        Objects.requireNonNull(status, "status");
        return () -> new Pages(status);
    }

    private final class Pages implements Iterator<Event<T>> {
        private final EventStatus status;
        private final ArrayDeque<Event<T>> page = new ArrayDeque<>();
        private @Nullable String next;
        private boolean started;

        Pages(EventStatus status) {
            this.status = status;
        }

        @Override
        public boolean hasNext() {
            if (page.isEmpty() && (!started || next != null)) {
                EventPage<T> fetched = page(status, next, MAX_PAGE);
                started = true;
                next = fetched.next();
                page.addAll(fetched.events());
            }
            return !page.isEmpty();
        }

        @Override
        public Event<T> next() {
            if (!hasNext()) {
                throw new NoSuchElementException("no more events are " + status);
            }
            return page.removeFirst();
        }
    }
}
