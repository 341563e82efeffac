package dev.millrace;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.Execution;
import dev.millrace.event.Flow;
import dev.millrace.event.NotFoundException;
import dev.millrace.event.PendingCounts;
import dev.millrace.event.RetryFilter;
import dev.millrace.event.UnknownType;
import dev.millrace.process.Processor;
import dev.millrace.store.FlowRow;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The front door of one flow: append, run, query, wait, clean up. Thread-safe. An executor that has run events is closed when it is
 * no longer needed, or goes with its {@link Millrace}; one that only appends and queries leaves nothing behind.
 *
 * @param <T> the payload's type
 */
public final class Executor<T> extends ResultClient<T> implements AutoCloseable {
    private final Work<T> work;
    private final EventReader<JsonNode> jsonReader;

    Executor(Millrace millrace, FlowRow flow, Codec<T> codec, Work<T> work) {
        super(millrace, flow, codec);
        this.work = work;
        this.jsonReader = new EventReader<>(
                millrace.store().events(), flow.id(), Codec::json, "By SQL it can be read: millrace.event(id)");
    }

    /**
     * Registers the worker, so that events can be claimed; the registration says which types this executor knows, until
     * {@link #stop} or {@link #close}. Runs nothing yet. May be called again.
     *
     * @throws dev.millrace.event.ConfigurationException if this has no handler, or another executor of this Millrace executes that
     *     has another handler for a type of the same flow: stop or close that one first
     * @throws IllegalStateException if this or its Millrace is closed
     */
    public void start() {
        work.start();
    }

    /**
     * Runs one batch of up to the queue capacity, and returns when the last of it has settled. Before {@link #start} it
     * does nothing.
     *
     * @return how many events were started
     */
    public int forward() throws InterruptedException {
        return Interruptible.call(work::forward);
    }

    /**
     * Runs events in the background until {@link #stop}; returns at once. The JVM stays alive meanwhile: see
     * {@link MillraceBuilder#keepAlive}. While there is nothing to do it costs neither a thread nor statements of its own: one
     * statement now and then looks for all idle executors of this Millrace.
     *
     * @throws dev.millrace.event.ConfigurationException as {@link #start} does
     */
    public void execute() {
        work.execute();
    }

    /** Asks the background loop to end, without waiting; what runs or is being claimed goes on. {@link #execute} starts it again. */
    public void stop() {
        work.stop();
    }

    /**
     * As {@link #stop()}, and waits until the loop has ended and nothing runs here any more. What runs is not interrupted.
     *
     * @return false if that takes longer; then it goes on
     */
    public boolean stop(Duration patience) throws InterruptedException {
        return work.stop(Objects.requireNonNull(patience, "patience"));
    }

    /**
     * Ends this executor for good: claims nothing more at once, waits the configured {@link MillraceBuilder#shutdownGrace} for
     * what runs, interrupts and gives back the rest without a death, at most a second after the grace. Its Millrace forgets
     * it. Whatever is asked of it afterwards is refused with an {@link IllegalStateException}, except for what needs no
     * database, {@code stop} and {@code close}. May be called again, from any thread. An interrupt ends the grace.
     * A handler of this executor must not call it: the call would wait for its own end.
     */
    @Override
    public void close() {
        close(millrace().settings().shutdownGrace());
    }

    /** As {@link #close()}, with a grace of the caller's; while another close is under way, a shorter grace counts. */
    public void close(Duration grace) {
        Objects.requireNonNull(grace, "grace");
        refuseMore();
        work.close(grace);
    }

    /** Whether the background loop runs. */
    public boolean isExecuting() {
        return work.isExecuting();
    }

    /**
     * How many handlers go on in this process although their events were ended in their stead: timed out, given back, or
     * lost with the lease. One that heeds its interrupt is counted for a moment only.
     */
    public int leakedThreads() {
        return work.leaked();
    }

    /** How often a listener was not told of a move because it did not keep up: see {@link ExecutorBuilder#listener}. */
    public long droppedMoves() {
        return work.droppedMoves();
    }

    /**
     * Whether so many handlers do not end that nothing is claimed: as many as the concurrency limit. Claiming goes on when
     * one of them ends.
     */
    public boolean isStuck() {
        return work.isStuck();
    }

    /**
     * Waits until nothing is due and nothing runs here; what a paused flow holds is not due, nor is a denied event before its
     * back-off is over. Without a background loop it starts and runs batches itself; without a handler it waits for others to
     * . After {@link #stop} it only waits for what runs here, and leaves what is pending; {@link #start} and
     * {@link #execute} end that. Events of types that this executor does not know are not waited for: if no live worker knows
     * their type, a warning names them. {@link #joinReport} returns them.
     */
    public void join() throws InterruptedException {
        boolean unused = join(Processor.FOREVER);
    }

    /** As {@link #join()}, at most so long; says whether nothing is due and nothing runs here. */
    public boolean join(Duration patience) throws InterruptedException {
        Objects.requireNonNull(patience, "patience");
        return Interruptible.call(() -> work.join(patience));
    }

    /**
     * As {@link #join(Duration)}; says also what is due in the flow of types that this executor does not know, and warns of nothing.
     */
    public JoinReport joinReport(Duration patience) throws InterruptedException {
        Objects.requireNonNull(patience, "patience");
        return Interruptible.call(() -> work.joinReport(patience));
    }

    /**
     * What is due in the flow of types that this executor does not know, by type: nothing while the flow is paused. Looks at 10,000
     * events of a type at most.
     */
    public List<UnknownType> unknownTypes() {
        return work.unknownTypes();
    }

    /**
     * Runs one event now, if it is pending, or waits for whoever runs it: exactly one run, however many call this in
     * however many JVMs. While the flow is paused it waits.
     *
     * <p>An interrupt ends the waiting of this caller and nothing else: the event goes on, also if this process runs it and if all
     * callers are interrupted, since it belongs to the flow and not to them. To end it as well, call {@link #cancel}. In the model a
     * cancelled caller takes its event along.
     *
     * @return the response, a JSON null for a null; null if the event failed or was cancelled
     * @throws NotFoundException if the flow has no such event
     * @throws InterruptedException if the thread is interrupted meanwhile; the event goes on
     */
    public @Nullable JsonNode invoke(UUID id) throws InterruptedException {
        Objects.requireNonNull(id, "id");
        return Interruptible.call(() -> {
            for (boolean early = true; ; early = false) { // a retry's back-off is kept
                work.invoke(id, early);
                Execution ended = awaitEnd(id, Duration.ofSeconds(1)).orElse(null);
                if (ended != null) {
                    return ended.response();
                }
            }
        });
    }

    /** How many events are in each of the seven statuses, exactly, at the same cost for any number. */
    public Map<EventStatus, Long> statusCounts() {
        return millrace().store().counts().read(flow().id());
    }

    /**
     * How many of the pending events are due and how many are scheduled, exactly, at one moment and at the cost of {@link #statusCounts};
     * their sum is what that says of pending.
     */
    public PendingCounts pendingCounts() {
        return millrace().store().counts().pending(flow().id());
    }

    /**
     * Puts the counts right, exactly, by counting the flow's rows, while events are appended and run. Needed only after the tables were changed
     * past the triggers that count, such as by a restore without them. Needs the rights of the schema's owner. Takes as long as reading
     * the flow's rows once.
     *
     * @return by how many events the counts were wrong in all; 0 if they were right
     */
    public long recount() {
        return millrace().store().counts().recount(flow().id());
    }

    /**
     * One event with how it is doing; empty if this flow does not have it.
     *
     * @throws dev.millrace.event.ValidationException if its payload cannot be read, naming event, type and path; {@link #json} reads it
     */
    public Optional<Event<T>> event(UUID id) {
        return reader().find(id);
    }

    /**
     * The events of a status in the order of its progression, read page by page. If some cannot be read, the others are given, and
     * then an exception says so: see {@link EventReader}. So it is with all that is iterated here.
     */
    public Iterable<Event<T>> events(EventStatus status) {
        return reader().all(status);
    }

    /**
     * As {@link #events(EventStatus)}, by wire name.
     *
     * @throws NotFoundException if there is no such status
     */
    public Iterable<Event<T>> events(String status) {
        return reader().all(EventStatus.ofWireName(Objects.requireNonNull(status, "status")));
    }

    /** One page of the events of a status: see {@link EventReader#page}. */
    public EventPage<T> events(EventStatus status, @Nullable String after, int limit) {
        return reader().page(status, after, limit);
    }

    /** One page of the events of a status that events end in, the newest first: see {@link EventReader#latest}. */
    public EventPage<T> latestEvents(EventStatus status, @Nullable String before, int limit) {
        return reader().latest(status, before, limit);
    }

    /**
     * The events that ended without success and fit, the one that ended last first, read page by page by an index. Such as {@code
     * failures(RetryFilter.unsuccessful().since(anHourAgo))}, which has timeouts too: they end events as cancelled.
     *
     * @throws IllegalArgumentException if the filter asks for completed events
     */
    public Iterable<Event<T>> failures(RetryFilter filter) {
        return reader().failures(filter);
    }

    /** One page of the events that ended without success: see {@link EventReader#failures(RetryFilter, String, int)}. */
    public EventPage<T> failures(RetryFilter filter, @Nullable String after, int limit) {
        return reader().failures(filter, after, limit);
    }

    /** How many events ended without success and fit: see {@link EventReader#countFailures}. For alerts. */
    public long countFailures(RetryFilter filter) {
        return reader().countFailures(filter);
    }

    /** The events that completed, in order of arrival. */
    public Iterable<Event<T>> completedEvents() {
        return events(EventStatus.COMPLETED);
    }

    /** The pending events, in the order they will be claimed. */
    public Iterable<Event<T>> pendingEvents() {
        return events(EventStatus.PENDING);
    }

    /** The events that failed, in order of arrival. Not those that timed out, which are cancelled: see {@link #failures(RetryFilter)}. */
    public Iterable<Event<T>> failedEvents() {
        return events(EventStatus.FAILED);
    }

    /** The events that run, in order of claim. */
    public Iterable<Event<T>> processingEvents() {
        return events(EventStatus.PROCESSING);
    }

    /** A reader of all events of the flow as JSON, also of types this executor does not know. */
    public EventReader<JsonNode> json() {
        FlowRow unused = flow();
        return jsonReader;
    }

    /** Whether the flow has the event: an {@link Event}, a {@link UUID} or its text; anything else is not in it. */
    public boolean contains(@Nullable Object event) {
        if (event instanceof Event<?> known) {
            return json().find(known.id()).isPresent();
        }
        if (event instanceof UUID id) {
            return json().find(id).isPresent();
        }
        if (event instanceof String text) {
            try {
                return json().find(UUID.fromString(text)).isPresent();
            } catch (IllegalArgumentException e) {
                return false; // not an id, so not in it
            }
        }
        return false;
    }

    /** The progressions that users keep beside the seven of the statuses. */
    public UserProgressions progressions() {
        return new UserProgressions(millrace().store().progressions(), flow().id());
    }

    /**
     * The whole flow at one moment: every event in every status, and every progression. Held in memory. Of a flow that nothing has
     * happened to, two snapshots are equal in all that they hold.
     */
    public Flow snapshot() {
        return millrace().store().snapshots().take(flow());
    }

    /**
     * Fills this flow, which must be empty, with a snapshot of this or another database, all or nothing. From then on the flow has the
     * snapshot's identity, so that {@link #snapshot} equals it, at once and later; but for its name, and for an id that another flow
     * or progression of the database has. What was processing is pending again; pending events are due at once and in their order,
     * and have their attempt number, not their counts of failures and denials; then it can carry on running.
     *
     * @throws dev.millrace.event.ExistsException if the flow is not empty, or an event of the snapshot exists here
     */
    public void restore(Flow snapshot) {
        Objects.requireNonNull(snapshot, "snapshot");
        FlowRow open = flow();
        millrace().store().snapshots().restore(open, snapshot);
        millrace().wakeFlow(open.id());
    }

    /** The seven counts, one a line, in the model's words; one more line if the flow is paused. */
    public String inspectState() {
        return statusCounts().entrySet().stream()
                .map(count -> "\n  %s: %d events".formatted(count.getKey(), count.getValue()))
                .collect(Collectors.joining("", "Executor State (" + name() + "):", pauseLine()));
    }

    private String pauseLine() {
        return currentPause()
                .map(pause ->
                        "\n  paused since " + pause.since() + (pause.reason() == null ? "" : ": " + pause.reason()))
                .orElse("");
    }

    /** The flow's name, and whether this is closed. Asks nobody: debuggers and loggers call it. */
    @Override
    public String toString() {
        return isClosed() ? "Executor(%s, closed)".formatted(name()) : "Executor(%s)".formatted(name());
    }

    /** Total and counts on one line; asks the database, as {@link #inspectState} does. */
    public String summary() {
        Map<EventStatus, Long> counts = statusCounts();
        long total = counts.values().stream().mapToLong(Long::longValue).sum();
        return EventStatus.all().stream()
                .map(status -> ", " + status + "=" + counts.get(status))
                .collect(Collectors.joining("", "Executor(total=" + total, ")"));
    }

    Work<T> work() {
        return work;
    }
}
