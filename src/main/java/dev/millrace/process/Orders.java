package dev.millrace.process;

import dev.millrace.store.Settlements;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * What others have ordered for the events this process holds: that a handler be interrupted whose event was cancelled, and that
 * nothing of a paused flow be started. Heard of by notification; what runs for more than a moment is asked about as well, twice a second while notifications do not arrive, and
 * seldom while they do. Thread-safe.
 */
public final class Orders {
    private static final Duration DEAF = Duration.ofMillis(500);
    private static final Duration HEARING = Duration.ofSeconds(5);

    private final Settlements settlements;
    private final Books books;
    private final Stops stops;
    private final LongSupplier hearing;
    private final DutyLoop loop;
    private long lookedNanos = System.nanoTime(); // confined to the loop's thread
    private long heardNanos = System.nanoTime(); // as well

    /** @param hearing as {@link Listener#hearing} */
    public Orders(Settlements settlements, Books books, Stops stops, LongSupplier hearing, Troubles troubles) {
        this.settlements = settlements;
        this.books = books;
        this.stops = stops;
        this.hearing = hearing;
        this.loop = new DutyLoop("orders", this::cycle, troubles);
    }

    /** The loop that asks. */
    public DutyLoop loop() {
        return loop;
    }

    /** An event was cancelled that this process held when it was. */
    public void cancelled(UUID id) {
        books.calledOff(id);
    }

    /** A flow was paused or resumed. */
    public void pauseChanged(int flow) {
        stops.changed(flow);
        loop.wake();
    }

    private Duration cycle() {
        stops.look();
        long now = System.nanoTime();
        Duration interval = hearing.getAsLong() == 0 ? DEAF : HEARING;
        if (now - lookedNanos >= interval.toNanos()) {
            lookedNanos = now;
            List<UUID> asked = books.runningSince(now - DEAF.toNanos() / 2);
            if (!asked.isEmpty()) {
                settlements.cancelled(asked).forEach(books::calledOff);
            }
        }
        if (now - heardNanos >= HEARING.toNanos()) {
            heardNanos = now;
            books.forgetCalledOff();
        }
        return DEAF;
    }
}
