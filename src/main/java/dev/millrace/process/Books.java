package dev.millrace.process;

import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/** Every claim this process knows it holds. Thread-safe; one for all executors. */
public final class Books {
    private final Set<Ticket> tickets = ConcurrentHashMap.newKeySet();
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    /** Claims and enters what was claimed, so that nobody sees the one without the other. */
    <R> R claiming(Supplier<R> work) {
        lock.readLock().lock();
        try {
            return work.get();
        } finally {
            lock.readLock().unlock();
        }
    }

    /** Looks at all claims while none is being made. */
    <R> R still(Supplier<R> work) {
        lock.writeLock().lock();
        try {
            return work.get();
        } finally {
            lock.writeLock().unlock();
        }
    }

    void enter(Ticket ticket) {
        tickets.add(ticket);
    }

    void leave(Ticket ticket) {
        tickets.remove(ticket);
    }

    /** The events held. */
    List<UUID> ids() {
        return tickets.stream().map(ticket -> ticket.claim().id()).toList();
    }

    /** The lease is lost: interrupts every handler and settles nothing. */
    public void abandonAll() {
        tickets.forEach(Ticket::abandon);
    }
}
