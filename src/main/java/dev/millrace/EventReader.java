package dev.millrace;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.RetryFilter;
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
        return decoded(events.page(flow, status, place, limit));
    }

    private EventPage<T> decoded(Events.Page page) {
        Place next = page.next();
        return new EventPage<>(page.events().stream().map(decoder).toList(), next == null ? null : next.encode());
    }

    /**
     * One page of the events of a status that events end in, the newest first: in the other order than {@link #page}. Pending and
     * running events have no newest first: they are in order of what is claimed next, and of claim.
     *
     * @param before the {@code next} of the page before; null for the first
     * @param limit 1 to {@link #MAX_PAGE}
     * @throws IllegalArgumentException for pending or processing, or if {@code before} is not the {@code next} of such a page
     */
    public EventPage<T> latest(EventStatus status, @Nullable String before, int limit) {
        Objects.requireNonNull(status, "status");
        checkLimit(limit);
        return decoded(events.latest(flow, status, before == null ? null : Place.parse(before), limit));
    }

    /**
     * One page of the events that ended without success and fit, the one that ended last first, by an index: a page of
     * the last hour reads nothing older. A filter by type, error or retryable reads what it leaves out as well.
     *
     * @param filter which of them; not completed ones, which are not indexed by time
     * @param after the {@code next} of the page before; null for the first
     * @param limit 1 to {@link #MAX_PAGE}; the filter's own limit holds as well
     * @throws IllegalArgumentException if the filter asks for completed events, or {@code after} is not the {@code next} of such a
     *     page
     */
    public EventPage<T> failures(RetryFilter filter, @Nullable String after, int limit) {
        checkFailures(filter);
        checkLimit(limit);
        Place place = after == null ? null : Place.parse(after);
        return decoded(events.failures(flow, filter, place, (int) Math.min(limit, filter.limit())));
    }

    /** All of these events, read page by page while they are iterated. */
    public Iterable<Event<T>> failures(RetryFilter filter) {
        checkFailures(filter);
        return () -> new Pages("fit", next -> failures(filter, next, MAX_PAGE), filter.limit());
    }

    /**
     * How many events ended without success and fit, at most the filter's limit. Reads the index of the filter's time; of all times
     * {@link Executor#statusCounts} costs less.
     */
    public long countFailures(RetryFilter filter) {
        checkFailures(filter);
        return Math.min(filter.limit(), events.countFailures(flow, filter));
    }

    private static void checkFailures(RetryFilter filter) {
        if (Objects.requireNonNull(filter, "filter").statuses().contains(EventStatus.COMPLETED)) {
            throw new IllegalArgumentException(
                    "statuses must be of failed, cancelled, skipped, aborted, got completed: page those with page or latest");
        }
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
        return () -> new Pages("are " + status, next -> page(status, next, MAX_PAGE), Long.MAX_VALUE);
    }

    private final class Pages implements Iterator<Event<T>> {
        private final String what;
        private final Function<@Nullable String, EventPage<T>> fetch;
        private final ArrayDeque<Event<T>> page = new ArrayDeque<>();
        private long left;
        private @Nullable String next;
        private boolean started;

        Pages(String what, Function<@Nullable String, EventPage<T>> fetch, long most) {
            this.what = what;
            this.fetch = fetch;
            this.left = most;
        }

        @Override
        public boolean hasNext() {
            if (page.isEmpty() && left > 0 && (!started || next != null)) {
                EventPage<T> fetched = fetch.apply(next);
                started = true;
                next = fetched.next();
                page.addAll(fetched.events());
            }
            return !page.isEmpty() && left > 0;
        }

        @Override
        public Event<T> next() {
            if (!hasNext()) {
                throw new NoSuchElementException("no more events " + what);
            }
            left--;
            return page.removeFirst();
        }
    }
}
