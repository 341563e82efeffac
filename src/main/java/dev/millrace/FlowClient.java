package dev.millrace;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.ExistsException;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.UuidV7;
import dev.millrace.store.Draft;
import dev.millrace.store.FlowRow;
import dev.millrace.store.Store;
import java.sql.Connection;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Stream;

/**
 * What can be done with a flow without running anything: append events, and steer those that wait or are over. An
 * {@link Executor} is one that can query and run as well. Thread-safe.
 *
 * @param <T> the payload's type
 */
public abstract sealed class FlowClient<T> extends FlowSteering permits ResultClient {
    /**
     * What {@link #cleanupEvents()} removes. Cancelled and skipped events stay until they are named, so events that timed out
     * pile up: they are cancelled.
     */
    public static final Set<EventStatus> CLEANED_BY_DEFAULT =
            Set.of(EventStatus.COMPLETED, EventStatus.FAILED, EventStatus.ABORTED);

    private static final Duration LONGEST_AGE = Duration.ofDays(3650);

    private final Store store;
    private final Codec<T> codec;
    private final EventReader<T> reader;

    FlowClient(Millrace millrace, FlowRow flow, Codec<T> codec) {
        super(millrace, flow);
        this.store = millrace.store();
        this.codec = codec;
        this.reader = new EventReader<>(store.events(), flow.id(), codec::event, "executor.json() reads it as JSON");
    }

    /**
     * Appends an event. When this returns it is committed; if the answer of the commit is lost, it is made sure of.
     *
     * @return the event's id; where another has its unique key, that one's (see {@link Append#uniqueKey(String)})
     * @throws dev.millrace.event.ValidationException if the payload cannot be stored, naming the path in it
     * @throws dev.millrace.event.QueueFullException if the flow is bounded and full
     * @throws dev.millrace.event.AppendUnknownException if the database went away with it and the patience is over
     * @throws dev.millrace.event.CallInterruptedException if the thread is interrupted while this waits for the database
     */
    public UUID append(T payload) {
        return append(payload, Append.defaults());
    }

    /** As {@link #append(Object)}, with priority, timeout and the like. */
    public UUID append(T payload, Append options) {
        return append(List.of(codec.draft(payload, options))).getFirst();
    }

    /**
     * Appends an event made by {@link #newEvent} or {@link Event#asFreshEvent}, under its id. Its creation time becomes the
     * database's.
     *
     * @throws dev.millrace.event.ExistsException if an event of that id exists
     */
    public UUID append(Event<T> event) {
        return append(List.of(codec.draft(Objects.requireNonNull(event, "event"))))
                .getFirst();
    }

    /**
     * Appends an event in the caller's transaction: if that is rolled back, the event never was. Any connection will do, also a
     * framework's proxy that does not unwrap.
     *
     * @throws IllegalArgumentException if the connection is closed, read-only, or in autocommit mode
     */
    public UUID append(Connection connection, T payload) {
        return append(connection, payload, Append.defaults());
    }

    /** As {@link #append(Connection, Object)}, with priority, timeout and the like. */
    public UUID append(Connection connection, T payload, Append options) {
        Objects.requireNonNull(connection, "connection");
        return appendWithin(connection, List.of(codec.draft(payload, options))).getFirst();
    }

    /**
     * Appends all payloads or none, in one transaction. Returns their ids in the same order.
     *
     * @throws dev.millrace.event.ValidationException if one cannot be stored, naming its index and the path in it
     */
    public List<UUID> appendAll(Collection<? extends T> payloads) {
        return appendAll(payloads, payload -> Append.defaults());
    }

    /** As {@link #appendAll(Collection)}, with priority, unique key and the like for each. */
    public List<UUID> appendAll(Collection<? extends T> payloads, Function<? super T, Append> options) {
        return append(codec.drafts(payloads, options));
    }

    /** As {@link #appendAll(Collection)}, in the caller's transaction: if that is rolled back, they never were. */
    public List<UUID> appendAll(Connection connection, Collection<? extends T> payloads) {
        return appendAll(connection, payloads, payload -> Append.defaults());
    }

    /** As {@link #appendAll(Collection, Function)}, in the caller's transaction. */
    public List<UUID> appendAll(
            Connection connection, Collection<? extends T> payloads, Function<? super T, Append> options) {
        Objects.requireNonNull(connection, "connection");
        List<Draft> drafts = codec.drafts(payloads, options);
        return drafts.isEmpty() ? List.of() : appendWithin(connection, drafts);
    }

    private List<UUID> appendWithin(Connection connection, List<Draft> drafts) {
        FlowRow open = flow();
        return store.appendsByFunction()
                ? store.functionAppends().append(connection, name(), drafts)
                : store.appends().append(connection, open.id(), drafts, open.maxPending() != null);
    }

    /** As {@link #appendAll(Stream, LongConsumer)}, for who does not need to know how far it is. */
    public long appendAll(Stream<? extends T> payloads) {
        return appendAll(payloads, stored -> {});
    }

    /**
     * Appends any number of payloads in constant memory, in the order of the stream, which it closes: in transactions of at
     * most 1,000 events and 8 Mi characters each. If one fails, those before it stay appended, and nothing after it is.
     *
     * @param whenStored hears after each commit how many of the stream's payloads are stored by now, on the caller's thread
     * @return how many were appended
     * @throws dev.millrace.event.ValidationException if one cannot be stored, naming its index, the path in it, and how many
     *     were stored before
     */
    public long appendAll(Stream<? extends T> payloads, LongConsumer whenStored) {
        return appendAll(payloads, payload -> Append.defaults(), whenStored);
    }

    /** As {@link #appendAll(Stream, LongConsumer)}, with options for each. One whose unique key is held counts as appended. */
    public long appendAll(Stream<? extends T> payloads, Function<? super T, Append> options, LongConsumer whenStored) {
        Objects.requireNonNull(payloads, "payloads");
        Objects.requireNonNull(options, "options");
        Objects.requireNonNull(whenStored, "whenStored");
        return new Bulk<T>(
                        payload -> codec.draft(payload, options.apply(payload)), drafts -> append(drafts), whenStored)
                .append(payloads);
    }

    /**
     * Appends all events or none, in one transaction. Returns their ids in the same order.
     *
     * @throws dev.millrace.event.ExistsException if an event of one of the ids exists, or two of these share one
     */
    public List<UUID> appendEvents(Collection<Event<T>> events) {
        Objects.requireNonNull(events, "events");
        return append(Drafting.unique(Drafting.all("event", events, codec::draft), false));
    }

    /**
     * Appends those of these events that are not there, all or none of them, in one transaction: to say the same again is
     * harmless.
     *
     * @return the ids that were appended now
     * @throws dev.millrace.event.ExistsException if an id is taken by an event with another type or payload
     */
    public Set<UUID> appendAbsent(Collection<Event<T>> events) {
        Objects.requireNonNull(events, "events");
        List<Draft> drafts = Drafting.unique(Drafting.all("event", events, codec::draft), true);
        while (true) {
            Set<UUID> present = store.appends().stored(flow().id(), drafts);
            List<Draft> absent = drafts.stream()
                    .filter(draft -> !present.contains(draft.id()))
                    .toList();
            try {
                Set<UUID> answers = new HashSet<>(append(absent)); // some with who has their unique key
                answers.retainAll(absent.stream().map(Draft::id).toList());
                return Set.copyOf(answers);
            } catch (ExistsException e) {
                if (store.appends().stored(flow().id(), absent).isEmpty()) {
                    throw e; // taken by another event, not by one who said the same meanwhile
                }
            }
        }
    }

    /**
     * An event in this JVM's memory, to be appended later. A delay becomes a time here, by this JVM's clock or the one that the
     * Millrace was given.
     */
    public Event<T> newEvent(T payload, Append options) {
        InstantSource given = millrace().settings().clock();
        return codec.fresh(payload, options, given == null ? InstantSource.system() : given);
    }

    private List<UUID> append(List<Draft> drafts) {
        if (drafts.isEmpty()) {
            return List.of();
        }
        FlowRow open = flow(); // asked before: once the events are stored, a close must not make an error of it
        List<UUID> ids = store.appendsByFunction()
                ? store.functionAppends().append(name(), drafts)
                : store.appends().append(open.id(), drafts, open.maxPending() != null);
        millrace().wakeFlow(open.id());
        return ids;
    }

    /**
     * Appends an event that has ended again, as a fresh one that names its original and its root. Each call makes
     * another. Its deadline is the original's, unless that has passed: then it has none.
     *
     * @return the fresh event's id
     * @throws NotFoundException if the flow has no such event
     * @throws IllegalStateException if it has not ended
     * @throws dev.millrace.event.QueueFullException if the flow is bounded and full
     */
    public UUID retry(UUID id) {
        Objects.requireNonNull(id, "id");
        UUID fresh = UuidV7.next();
        int open = flow().id();
        if (!store.retries().retry(open, id, fresh)) {
            EventStatus status = store.events()
                    .find(open, id)
                    .orElseThrow(() -> notFound(id))
                    .execution()
                    .status();
            throw new IllegalStateException(
                    "event %s is %s: only an event that has ended can be retried".formatted(id, status));
        }
        millrace().wakeFlow(open);
        return fresh;
    }

    /**
     * Appends again what has ended and fits, as {@link #retry} does, in order of arrival, in constant memory and in transactions of
     * at most 1,000. Each event is appended again at most once by all such calls, whoever makes them, and not if it was
     * retried by {@link #retry}; so a call may be repeated after an error, goes on where it stopped, and two at once share the
     * work. A fresh event that fails as well is an event of its own, and fits again. What ends while this goes on is left.
     *
     * @return how many this call has appended
     * @throws dev.millrace.event.QueueFullException if the flow is bounded and full; what was appended before stays
     */
    public long retryAll(RetryFilter filter) {
        int open = flow().id();
        return store.retries()
                .retryAll(
                        open,
                        Objects.requireNonNull(filter, "filter"),
                        () -> millrace().wakeFlow(open));
    }

    /**
     * Removes completed, failed and aborted events for good, however old; says how many. Not cancelled ones, so not those that timed
     * out: name their status.
     */
    public long cleanupEvents() {
        return cleanupEvents(CLEANED_BY_DEFAULT);
    }

    /**
     * Removes the events of these statuses for good, however old; says how many. None for none.
     *
     * @throws IllegalArgumentException for pending or processing: only settled events can be removed
     */
    public long cleanupEvents(Collection<EventStatus> statuses) {
        return cleanupEvents(statuses, Duration.ZERO);
    }

    /**
     * Removes the events of these statuses for good that ended at least so long ago, in order of arrival, in constant memory and
     * in transactions of at most 1,000. May be repeated after an error. Leaves what ends after it has begun, so it ends. Reads what
     * it removes and at most 1,000 events more of each status: it stops at the first thousand in order of arrival that have none of
     * that age. So of a flow that was filled by {@link Executor#restore}, whose events did not arrive in the order in which they had
     * ended, an event may be left until those before it are old enough as well.
     *
     * @param olderThan by the database's clock; zero for all, at most ten years
     * @return how many this call has removed
     * @throws IllegalArgumentException for pending or processing: only settled events can be removed
     */
    public long cleanupEvents(Collection<EventStatus> statuses, Duration olderThan) {
        Objects.requireNonNull(statuses, "statuses");
        Objects.requireNonNull(olderThan, "olderThan");
        for (EventStatus status : statuses) {
            Objects.requireNonNull(status, "statuses: an element");
            if (!status.isTerminal()) {
                throw new IllegalArgumentException(
                        "cannot clean up %s events: only settled ones; cancel or skip pending ones first"
                                .formatted(status));
            }
        }
        if (olderThan.isNegative() || olderThan.compareTo(LONGEST_AGE) > 0) {
            throw new IllegalArgumentException(
                    "olderThan must not be negative and at most 3650 days, got " + olderThan);
        }
        return statuses.isEmpty() ? 0 : store.events().cleanUp(flow().id(), EnumSet.copyOf(statuses), olderThan);
    }

    EventReader<T> reader() {
        FlowRow unused = flow();
        return reader;
    }
}
