package dev.millrace.process;

import dev.millrace.event.ExecutionException;
import dev.millrace.event.LeaseLostException;
import dev.millrace.store.ChunkRow;
import dev.millrace.store.Claim;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What one attempt emits, numbered from 0. Thread-safe. */
final class Emission {
    private final Claim claim;
    private final Settler settler;
    private final Handlers<?> handlers;
    private final ReentrantLock lock = new ReentrantLock();
    private int count; // guarded by lock

    Emission(Claim claim, Settler settler, Handlers<?> handlers) {
        this.claim = claim;
        this.settler = settler;
        this.handlers = handlers;
    }

    /** How many there have been. */
    int count() {
        lock.lock();
        try {
            return count;
        } finally {
            lock.unlock();
        }
    }

    /** Stores one and waits until it is; returns its number. */
    int emit(@Nullable Object chunk) throws InterruptedException {
        String value = handlers.stored(claim, "chunk", chunk);
        CompletableFuture<Settler.Fate> stored = new CompletableFuture<>();
        int index;
        lock.lock();
        try { // numbered and handed on as one, so stored in the order of their numbers: who follows sees no gap
            index = count++;
            settler.submit(new ChunkRow(claim.hold(), index, value), stored::complete);
        } finally {
            lock.unlock();
        }
        try {
            switch (stored.get()) {
                case COMMITTED -> {}
                case STALE ->
                    throw new LeaseLostException("event %s attempt %d: the claim is lost, its chunk %d was not stored"
                            .formatted(claim.id(), claim.attempt(), index));
                case REFUSED, FAILED_INSTEAD ->
                    throw new ExecutionException("event %s attempt %d: the database refused its chunk %d, see the log"
                            .formatted(claim.id(), claim.attempt(), index));
            }
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException("a chunk's fate is never an error", e);
        }
        return index;
    }
}
