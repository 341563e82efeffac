package dev.millrace;

import dev.millrace.event.ConfigurationException;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.MillraceException;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.ValidationException;
import dev.millrace.store.Events;
import dev.millrace.store.Place;
import dev.millrace.store.StoredEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of one flow: by id, page by page, or one after another. Each read sees its own moment. Thread-safe.
 *
 * <p>An event whose type is not registered, or whose payload does not fit the registered class, cannot be read. Asked for by its id it
 * is refused with an exception that names it. A page has it in {@link EventPage#unreadable}. Whoever iterates gets all the others, and
 * after the last of them an exception that says how many could not be read.
 *
 * @param <T> what payloads are read as
 */
public final class EventReader<T> {
    /** The most events in one page. */
    public static final int MAX_PAGE = 1_000;

    private final Events events;
    private final int flow;
    private final Function<StoredEvent, Event<T>> decoder;
    private final String remedy;

    /** @param remedy how to read an event that this reader cannot read */
    EventReader(Events events, int flow, Function<StoredEvent, Event<T>> decoder, String remedy) {
        this.events = events;
        this.flow = flow;
        this.decoder = decoder;
        this.remedy = remedy;
    }

    /**
     * One event with how it is doing; empty if this flow does not have it.
     *
     * @throws ValidationException if its payload cannot be read, naming event, type and path
     * @throws ConfigurationException if its type is not registered
     */
    public Optional<Event<T>> find(UUID id) {
        return row(id).map(this::read);
    }

    /** One event, its payload as it stands in its row. */
    Optional<StoredEvent> row(UUID id) {
        return events.find(flow, Objects.requireNonNull(id, "id"));
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
        List<Event<T>> read = new ArrayList<>(page.events().size());
        List<UnreadableEvent> unreadable = new ArrayList<>();
        for (StoredEvent row : page.events()) {
            try {
                read.add(read(row));
            } catch (ValidationException | ConfigurationException e) {
                unreadable.add(new UnreadableEvent(
                        row.id(), row.type(), row.execution().status(), e));
            }
        }
        Place next = page.next();
        return new EventPage<>(List.copyOf(read), List.copyOf(unreadable), next == null ? null : next.encode());
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
        return () -> new Pages("fit", (next, limit) -> failures(filter, next, limit), filter.limit());
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

    /** The event of a row that was read elsewhere; refused as {@link #find} does. */
    Event<T> read(StoredEvent row) {
        try {
            return decoder.apply(row);
        } catch (ValidationException e) {
            Map<String, Object> details = new LinkedHashMap<>(e.details());
            details.put("id", row.id().toString());
            details.put("type", row.type());
            var refusal = new ValidationException(
                    "event %s of type '%s' cannot be read: %s %s"
                            .formatted(row.id(), row.type(), sentence(e.getMessage()), remedy),
                    details);
            refusal.initCause(e);
            throw refusal;
        }
    }

    private static String sentence(@Nullable String message) {
        String said = String.valueOf(message);
        return said.endsWith("?") ? said : said + ".";
    }

    static void checkLimit(int limit) {
        if (limit < 1 || limit > MAX_PAGE) {
            throw new IllegalArgumentException("limit must be 1 to %d, got %d".formatted(MAX_PAGE, limit));
        }
    }

    /** All events of a status progression, read page by page while they are iterated. */
    public Iterable<Event<T>> all(EventStatus status) {
        Objects.requireNonNull(status, "status");
        return () -> new Pages("are " + status, (next, limit) -> page(status, next, limit), Long.MAX_VALUE);
    }

    /** Reads a page that begins there and has at most so many rows. */
    private interface Fetch<T> {
        EventPage<T> page(@Nullable String next, int limit);
    }

    private final class Pages implements Iterator<Event<T>> {
        private final String what;
        private final Fetch<T> fetch;
        private final ArrayDeque<Event<T>> page = new ArrayDeque<>();
        private long left; // rows to be fetched
        private @Nullable String next;
        private boolean started;
        private @Nullable UnreadableEvent first; // of those that could not be read; null once it is told of
        private long unread;

        Pages(String what, Fetch<T> fetch, long most) {
            this.what = what;
            this.fetch = fetch;
            this.left = most;
        }

        /** Refuses once, at the end, what could not be read. */
        @Override
        public boolean hasNext() {
            while (page.isEmpty() && left > 0 && (!started || next != null)) {
                EventPage<T> fetched = fetch.page(next, (int) Math.min(MAX_PAGE, left));
                started = true;
                next = fetched.next();
                page.addAll(fetched.events());
                note(fetched.unreadable());
                left -= fetched.events().size() + fetched.unreadable().size();
            }
            UnreadableEvent told = first;
            if (page.isEmpty() && told != null) {
                first = null;
                throw refusal(told);
            }
            return !page.isEmpty();
        }

        private void note(List<UnreadableEvent> unreadable) {
            unread += unreadable.size();
            if (first == null && !unreadable.isEmpty()) {
                first = unreadable.getFirst();
            }
        }

        private MillraceException refusal(UnreadableEvent told) {
            String message =
                    "the events that %s were given, but for %d that cannot be read. The first of those: %s. A page names them all in unreadable()"
                            .formatted(what, unread, told.error().getMessage());
            Map<String, Object> details = Map.of("id", told.id().toString(), "type", told.type(), "unreadable", unread);
            MillraceException refusal = told.error() instanceof ConfigurationException
                    ? new ConfigurationException(message, details)
                    : new ValidationException(message, details);
            refusal.initCause(told.error());
            return refusal;
        }

        @Override
        public Event<T> next() {
            if (!hasNext()) {
                throw new NoSuchElementException("no more events " + what);
            }
            return page.removeFirst();
        }
    }
}
