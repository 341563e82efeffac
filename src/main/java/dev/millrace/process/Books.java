package dev.millrace.process;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Every claim this process knows it holds. Thread-safe; one for all executors. */
public final class Books {
    private final Set<Ticket> tickets = ConcurrentHashMap.newKeySet();
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final ReentrantLock waiting = new ReentrantLock();
    private final Condition changed = waiting.newCondition();
    private volatile Set<UUID> calledOff = ConcurrentHashMap.newKeySet();
    private volatile Set<UUID> calledOffBefore = Set.of();
    private volatile boolean closed;

    /** Claims and enters what was claimed, so that nobody sees the one without the other. */
    <R> R claiming(Supplier<R> work) {
        lock.readLock().lock();
        try {
            return work.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    /**
     * Looks at all claims while none is being made, waiting for those under way.
     *
     * @return empty if one is still under way after that time
     */
    public <R> Optional<R> still(Duration patience, Supplier<R> work) throws InterruptedException {
        if (!lock.writeLock().tryLock(patience.toNanos(), TimeUnit.NANOSECONDS)) {
            return Optional.empty();
        }
        try {
            return Optional.of(work.get());
        } finally {
            lock.writeLock().unlock();
        }
    }

    void enter(Ticket ticket) {
        tickets.add(ticket);
        UUID id = ticket.claim().id();
        if (calledOff.contains(id) || calledOffBefore.contains(id)) { // before the claim's answer was here
            ticket.callOff();
        }
        if (closed) { // looked at after it was entered: whoever lets all go now finds it
            ticket.leave();
        }
    }

    void leave(Ticket ticket) {
        tickets.remove(ticket);
        if (tickets.isEmpty()) {
            look();
        }
    }

    /** Has whoever waits look again. */
    public void look() {
        waiting.lock();
        try {
            changed.signalAll();
        } finally {
            waiting.unlock();
        }
    }

    /** Waits until nothing is held; false if something is when that time has come, by {@code nanoTime}. */
    public boolean awaitNone(LongSupplier until) throws InterruptedException {
        waiting.lock();
        try {
            long left = until.getAsLong() - System.nanoTime();
            while (!tickets.isEmpty() && left > 0) {
                long unused = changed.awaitNanos(left);
                left = until.getAsLong() - System.nanoTime();
            }
            return tickets.isEmpty();
        } finally {
            waiting.unlock();
        }
    }

    /** How many events are held. */
    public int count() {
        return tickets.size();
    }

    /** The events held. */
    List<UUID> ids() {
        return tickets.stream().map(ticket -> ticket.claim().id()).toList();
    }

    /** An event was cancelled while it was with this process: stops it, also if the claim's answer is still on its way. */
    void calledOff(UUID id) {
        calledOff.add(id);
        tickets.stream().filter(ticket -> ticket.claim().id().equals(id)).forEach(Ticket::callOff);
    }

    /** Claims under way when that was last called have been entered. */
    void forgetCalledOff() {
        calledOffBefore = calledOff;
        calledOff = ConcurrentHashMap.newKeySet();
    }

    /** The events whose handlers were started, and which were here before that moment of {@code nanoTime}. */
    List<UUID> runningSince(long nanos) {
        return tickets.stream()
                .filter(ticket -> ticket.takenNanos - nanos < 0 && ticket.isRunning() && !ticket.isDecided())
                .map(ticket -> ticket.claim().id())
                .toList();
    }

    /** The lease is lost: interrupts every handler and settles nothing. */
    public void abandonAll() {
        tickets.forEach(Ticket::abandon);
    }

    /** Gives back what was claimed and has not started. */
    public void giveBackWaiting() {
        tickets.stream().filter(ticket -> !ticket.isRunning()).forEach(Ticket::giveBack);
    }

    /** Interrupts every handler and gives its event back to pending. */
    public void giveBackAll() {
        tickets.forEach(Ticket::giveBack);
    }

    /** Nothing will be written any more: lets those go who wait for it or will. */
    public void letGo() {
        closed = true;
        tickets.forEach(Ticket::leave);
    }
}
