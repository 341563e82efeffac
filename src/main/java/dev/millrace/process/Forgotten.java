package dev.millrace.process;

import dev.millrace.store.Claims;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds what the database says this worker holds and its books do not know: a claim that was committed and whose answer
 * never came. It goes back at once, without a death. Looks as soon as an answer is known to be missing, then every second
 * for one lease, since the server may commit what its client has given up, and once a lease in any case. Thread-safe.
 */
public final class Forgotten {
    private static final Logger log = LoggerFactory.getLogger(Forgotten.class);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    /** How long to wait for claims under way; while it waits none begins. */
    private static final Duration PATIENCE = Duration.ofMillis(500);

    private final Claims claims;
    private final Lease lease;
    private final Books books;
    private final DutyLoop loop;
    private volatile long watchedUntilNanos = System.nanoTime();

    /** One that does not look yet. */
    public Forgotten(Claims claims, Lease lease, Books books, Troubles troubles) {
        this.claims = claims;
        this.lease = lease;
        this.books = books;
        this.loop = new DutyLoop("books", this::cycle, troubles);
    }

    /** The loop that looks. */
    public DutyLoop loop() {
        return loop;
    }

    /** The answer to a claim did not come. */
    void mayHave() {
        watchedUntilNanos = System.nanoTime() + lease.length().toNanos();
        loop.wake();
    }

    private Duration cycle() throws InterruptedException {
        Optional<UUID> worker = lease.safeWorker();
        if (worker.isEmpty()) {
            return AGAIN;
        }
        Optional<Integer> found = books.still(PATIENCE, () -> claims.giveBackForgotten(worker.get(), books.ids()));
        if (found.isPresent() && found.get() > 0) {
            log.warn("worker={} forgotten={} claims whose answers never came went back", worker.get(), found.get());
        }
        boolean watched = System.nanoTime() - watchedUntilNanos < 0;
        return watched || found.isEmpty() ? AGAIN : lease.length();
    }
}
