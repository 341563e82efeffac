package dev.millrace.process;

import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.event.EventTimeoutException;
import dev.millrace.event.ExecutionException;
import dev.millrace.event.Json;
import dev.millrace.event.LeaseLostException;
import dev.millrace.store.ChunkRow;
import dev.millrace.store.Claim;
import dev.millrace.store.Settlement;
import dev.millrace.store.Settlement.Ended;
import dev.millrace.store.Settlement.Reason;
import dev.millrace.store.Settlement.Standing;
import dev.millrace.work.Handler;
import dev.millrace.work.Run;
import dev.millrace.work.StreamHandler;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of one handler on a virtual thread of its own. Its answer counts unless the clock or the worker ended the event
 * first. Thread-safe.
 */
final class Attempt<T> implements Run<T> {
    private static final Logger log = LoggerFactory.getLogger(Attempt.class);

    private final Ticket ticket;
    private final Event<T> event;
    private final Handlers<T> handlers;
    private final Settler settler;
    private final AtomicInteger chunks = new AtomicInteger();
    private @Nullable Future<?> clock; // set before the thread starts
    private long startNanos; // set before the thread starts

    Attempt(Ticket ticket, Event<T> event, Handlers<T> handlers, Settler settler) {
        this.ticket = ticket;
        this.event = event;
        this.handlers = handlers;
        this.settler = settler;
    }

    /** Starts the handler, and the clock if the event has a timeout: it counts from here. */
    void start(ScheduledExecutorService clocks) {
        Thread thread = Thread.ofVirtual().name("millrace-run").unstarted(this::run);
        ticket.runsOn(thread);
        startNanos = System.nanoTime();
        Duration limit = event.timeout();
        if (limit != null) {
            clock = clocks.schedule(() -> ticket.overrule(timedOut(limit)), limit.toNanos(), TimeUnit.NANOSECONDS);
        }
        thread.start();
    }

    @Override
    public Event<T> event() {
        return event;
    }

    @Override
    public boolean isCancelled() {
        return ticket.isDecided();
    }

    @Override
    public int emit(@Nullable Object chunk) throws InterruptedException {
        Claim claim = ticket.claim();
        if (ticket.isDecided()) {
            throw new InterruptedException("event " + claim.id() + " was cancelled");
        }
        String value = Json.responseText(chunk, handlers.responseCap());
        int index = chunks.getAndIncrement();
        CompletableFuture<Settler.Fate> stored = new CompletableFuture<>();
        settler.submit(new ChunkRow(claim.hold(), index, value), stored::complete);
        try {
            switch (stored.get()) {
                case COMMITTED -> {}
                case STALE ->
                    throw new LeaseLostException("event %s attempt %d: the claim is lost, its chunk %d was not stored"
                            .formatted(claim.id(), claim.attempt(), index));
                case REFUSED ->
                    throw new ExecutionException("event %s attempt %d: the database refused its chunk %d, see the log"
                            .formatted(claim.id(), claim.attempt(), index));
            }
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException("a chunk's fate is never an error", e);
        }
        return index;
    }

    private void run() {
        Settlement answer = answer();
        Duration limit = event.timeout();
        if (limit != null && System.nanoTime() - startNanos >= limit.toNanos()) {
            answer = timedOut(limit); // late is late, whatever it says: the clock decides
        }
        if (ticket.settle(answer) && clock != null) {
            clock.cancel(false);
        }
    }

    private Settlement answer() {
        try {
            String response = Json.responseText(call(), handlers.responseCap());
            Claim claim = ticket.claim();
            return new Ended(claim.hold(), EventStatus.COMPLETED, elapsed(), response, "null", false);
        } catch (InterruptedException e) {
            return ticket.ended(EventStatus.CANCELLED, e, elapsed());
        } catch (Throwable e) { // whatever a handler throws, its event must end
            return retryDelay(e)
                    .<Settlement>map(delay -> ticket.returned(Reason.RETRY, afterFailure(), delay, e, elapsed()))
                    .orElseGet(() -> ticket.ended(EventStatus.FAILED, e, elapsed()));
        }
    }

    private @Nullable Object call() throws Exception {
        Handler<? super T> handler = handlers.handler();
        StreamHandler<? super T> streamHandler = handlers.streamHandler();
        if (streamHandler != null && (event.streaming() || handler == null)) {
            try (Stream<?> stream = open(streamHandler)) {
                for (Iterator<?> elements = stream.iterator(); elements.hasNext(); ) {
                    emit(elements.next());
                }
            }
            return Map.of("chunks", chunks.get());
        }
        if (handler == null) {
            throw new ExecutionException("this executor has no handler");
        }
        Object response = call(handler);
        return response == null && event.streaming() ? Map.of("chunks", chunks.get()) : response;
    }

    @SuppressWarnings("unchecked") // a Run<T> only hands out a T, so it is a run of any supertype
    private <S> Stream<?> open(StreamHandler<S> handler) throws Exception {
        return handler.stream((S) event.payload(), (Run<S>) this);
    }

    @SuppressWarnings("unchecked") // as above
    private <S> @Nullable Object call(Handler<S> handler) throws Exception {
        return handler.handle((S) event.payload(), (Run<S>) this);
    }

    private Optional<Duration> retryDelay(Throwable error) {
        try {
            Optional<Duration> delay =
                    handlers.retry().delayAfter(ticket.claim().failures() + 1, error);
            return Objects.requireNonNull(delay, "the retry policy answered null");
        } catch (RuntimeException | Error e) { // user code: its event must end all the same
            log.error(
                    "event={} the retry policy failed; the event is not retried",
                    ticket.claim().id(),
                    e);
            return Optional.empty();
        }
    }

    /** One more failure. Denials are forgiven, since it was granted, and deaths, since it lived through a run. */
    private Standing afterFailure() {
        return new Standing(ticket.claim().priority(), ticket.claim().failures() + 1, 0, 0);
    }

    private Settlement timedOut(Duration limit) {
        return ticket.ended(EventStatus.CANCELLED, new EventTimeoutException(limit), elapsed());
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }
}
