package dev.millrace.process;

import dev.millrace.event.EndedException;
import dev.millrace.event.Event;
import dev.millrace.event.EventStatus;
import dev.millrace.process.Settler.Fate;
import dev.millrace.store.Claim;
import dev.millrace.store.Claims;
import dev.millrace.store.PayloadMemory.Room;
import dev.millrace.store.Settlement;
import dev.millrace.store.StoredEvent;
import dev.millrace.thread.Threads;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events of one executor that this process holds: runs them, and gives them back when the process stops. Thread-safe.
 *
 * @param <T> the payload's type
 */
public final class Runs<T> {
    private static final Logger log = LoggerFactory.getLogger(Runs.class);

    private final Worker worker;
    private final Claims claims;
    private final Function<StoredEvent, Event<T>> decoder;
    private final Handlers<T> handlers;
    private final Consumer<UUID> whenSettled;
    private final Set<Ticket> held = ConcurrentHashMap.newKeySet();
    private final ConcurrentHashMap<Ticket, Room> rooms = new ConcurrentHashMap<>(); // of large payloads
    private final Leaks leaks;
    private final Undecodables undecodables;
    private volatile boolean paused;
    private volatile boolean closed;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /**
     * @param decoder reads the payload; may throw, then the event is left for another worker
     * @param whenSettled hears of each event that settled or went back, after the commit
     * @param whenFewerLeaks hears of each handler that went on after its event was ended, and has ended now
     * @param undecodable how long an event is left for another worker
     */
    public Runs(
            Worker worker,
            Claims claims,
            Function<StoredEvent, Event<T>> decoder,
            Handlers<T> handlers,
            Consumer<UUID> whenSettled,
            Runnable whenFewerLeaks,
            UndecodableLimit undecodable) {
        this.worker = worker;
        this.claims = claims;
        this.decoder = decoder;
        this.handlers = handlers;
        this.whenSettled = whenSettled;
        this.leaks = new Leaks(whenFewerLeaks);
        this.undecodables = new Undecodables(claims, undecodable, worker.troubles());
    }

    /**
     * Takes a claim into its books, until it is settled. One whose answer came so late that the lease is lost or in doubt
     * meanwhile goes back without having run.
     *
     * @param slot where it stands with the slot that {@code freeSlot} frees
     */
    Ticket take(Claim claim, Runnable freeSlot, Slot slot, Batch batch) {
        batch.add();
        handlers.moves().claimed(claim);
        Ticket ticket = new Ticket(claim, this::settle, freeSlot, slot, settled -> {
            forget(settled);
            if (settled.wasCalledOff()) {
                handlers.moves().cancelled(claim);
            }
            batch.settled();
            whenSettled.accept(settled.claim().id());
        });
        held.add(ticket);
        worker.books().enter(ticket);
        if (!isOurs(claim)) { // looked at after it was entered: whoever loses the lease now finds it in the books
            ticket.giveBack();
        }
        return ticket;
    }

    private void settle(Ticket ticket, Settlement answer, Consumer<Fate> owner) {
        Moves moves = handlers.moves();
        Claim claim = ticket.claim();
        Consumer<Fate> told = moves.isSilent()
                ? owner
                : fate -> {
                    moves.settled(claim, answer, fate);
                    owner.accept(fate);
                };
        worker.settler().submit(answer, told);
        if (ticket.isRunning()) {
            handlers.log().ended(claim, answer);
        }
    }

    private boolean isOurs(Claim claim) {
        return !closed && worker.mayClaim() && worker.lease().worker().equals(claim.worker());
    }

    /** Whether {@link #prepare} asks the database, and waits for memory: then not on a thread that others wait for. */
    boolean isSlowToPrepare(Ticket ticket) {
        return ticket.claim().event().isWithoutPayload();
    }

    /** Prepares an event on a thread of its own and goes on with it there, unless it has ended instead. */
    void prepareAside(Ticket ticket, Consumer<Event<T>> next) {
        Threads.startVirtual("millrace-payload", () -> {
            try {
                prepare(ticket).ifPresent(next);
            } catch (RuntimeException | Error e) {
                ticket.giveBack(); // first: where memory is short, the rest may throw
                worker.troubles().report("payload", e);
            }
        });
    }

    /**
     * Decodes the event. One that is past its deadline is ended instead, one that cannot be read goes back. A large payload is
     * fetched first, when there is memory for it.
     */
    Optional<Event<T>> prepare(Ticket ticket) {
        Claim claim = ticket.claim();
        if (ticket.isDecided()) {
            return Optional.empty();
        }
        if (claim.expired()) {
            skipForItsDeadline(ticket);
            return Optional.empty();
        }
        return isSlowToPrepare(ticket) ? fetched(ticket) : decoded(ticket, claim.event());
    }

    private Optional<Event<T>> decoded(Ticket ticket, StoredEvent event) {
        try {
            return Optional.of(decoder.apply(event));
        } catch (RuntimeException | Error e) { // user code reads it; the events claimed with it must not stay behind
            undecodables.take(ticket, e);
            return Optional.empty();
        }
    }

    private Optional<Event<T>> fetched(Ticket ticket) {
        StoredEvent event = ticket.claim().event();
        Room room = roomFor(ticket);
        Optional<String> payload = room == null ? Optional.empty() : claims.payload(event.id());
        if (room == null || payload.isEmpty()) {
            ticket.giveBack(); // harmless if that is why there is none
            return Optional.empty();
        }
        Optional<Event<T>> read = decoded(ticket, event.withPayload(payload.get()));
        room.read();
        return read;
    }

    /** Room for the payload, for as long as the ticket is held; null if the event has ended or is gone. */
    private @Nullable Room roomFor(Ticket ticket) {
        Optional<Integer> size = claims.payloadSize(ticket.claim().id());
        try {
            Room room = size.isEmpty() ? null : worker.memory().take(size.get(), ticket::isDecided);
            if (room != null) {
                rooms.put(ticket, room);
                if (!held.contains(ticket)) { // looked at after it was said: who forgets it now finds the room
                    leaveRoom(ticket);
                }
            }
            return room;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    private void leaveRoom(Ticket ticket) {
        Room room = rooms.remove(ticket);
        if (room != null) {
            room.leave();
        }
    }

    /** Starts the handler, unless the event was ended meanwhile. */
    void start(Ticket ticket, Event<T> event) {
        if (isPastDeadline(ticket)) { // it waited for its permission or its slot
            skipForItsDeadline(ticket);
            ticket.releaseSlot();
        } else if (paused) {
            ticket.giveBackUnstarted();
        } else if (isOurs(ticket.claim())) {
            new Attempt<>(ticket, event, handlers, worker, leaks).start();
        } else {
            ticket.giveBack();
        }
    }

    /** By the given clock; else by the database's when it was claimed, and by this process's since then. */
    private boolean isPastDeadline(Ticket ticket) {
        StoredEvent event = ticket.claim().event();
        Instant deadline = event.terms().deadline();
        Instant claimed = event.execution().startedAt();
        if (deadline == null || claimed == null) {
            return false;
        }
        Instant now = worker.time().now().orElseGet(() -> claimed.plusNanos(System.nanoTime() - ticket.takenNanos));
        return !now.isBefore(deadline);
    }

    private static void skipForItsDeadline(Ticket ticket) {
        Instant deadline = ticket.claim().event().terms().deadline();
        var error = new EndedException(EventStatus.SKIPPED, "deadline %s passed before it started".formatted(deadline));
        ticket.settle(ticket.ended(EventStatus.SKIPPED, error, null));
    }

    /** How often the permission check of that event went wrong since it last gave an answer. */
    int permissionErrors(UUID id) {
        try {
            return claims.permissionErrors(List.of(id)).getOrDefault(id, 0);
        } catch (RuntimeException e) {
            log.warn("event={} cannot count its failed permission checks; taking it for the first", id, e);
            return 0;
        }
    }

    /** Tells the log of what went wrong. */
    HandlerLog log() {
        return handlers.log();
    }

    /** How many bytes of a stored error may say where it came from. */
    int storedTrace() {
        return handlers.storedTrace();
    }

    /** Looks whether an error of the application's code is the JVM's own. */
    void check(Throwable error) {
        worker.troubles().check(error);
    }

    /** How many handlers go on after their events were ended in their stead. */
    public int leaked() {
        return leaks.count();
    }

    /** How many events this process holds. */
    public int count() {
        return held.size();
    }

    /** Whether its flow is paused, as far as is known here. */
    boolean isPaused() {
        return paused;
    }

    /** Whether an event has not started that was claimed before that moment of {@code nanoTime}. */
    boolean hasWaitedSince(long nanos) {
        return held.stream().anyMatch(ticket -> ticket.takenNanos - nanos < 0 && !ticket.isRunning());
    }

    /**
     * Its flow is paused, or not any more: from now on nothing starts, and what has not started goes back.
     *
     * @return whether that is news
     */
    boolean pause(boolean now) {
        boolean news = paused != now;
        paused = now;
        if (now) { // looked at after it was said: what starts now sees it, or is found
            held.forEach(Ticket::giveBackUnstarted);
        }
        return news;
    }

    /** From now on nothing starts; what has not started goes back. */
    public void close() {
        closed = true; // before it looks: what is claimed now sees it, or is found
        held.stream().filter(ticket -> !ticket.isRunning()).forEach(Ticket::giveBack);
    }

    /** Whether nothing starts any more. */
    boolean isClosed() {
        return closed;
    }

    /** Interrupts every handler and gives its event back to pending. */
    public void giveBackAll() {
        held.forEach(Ticket::giveBack);
    }

    /** Waits until nothing is held; false if something still is after that time. */
    public boolean awaitNone(Duration patience) throws InterruptedException {
        lock.lock();
        try {
            long left = patience.toNanos();
            while (!held.isEmpty() && left > 0) {
                left = changed.awaitNanos(left);
            }
            return held.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void forget(Ticket ticket) {
        worker.books().leave(ticket);
        held.remove(ticket);
        leaveRoom(ticket);
        if (held.isEmpty()) {
            lock.lock();
            try {
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}
