package dev.millrace.process;

import dev.millrace.store.Settlements;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * What others have ordered for the events this process holds: that a handler be interrupted whose event was cancelled, and that
 * nothing of a paused flow be started. A notification only says that there is something to look at, since every login of the
 * database can send one: what counts is what the database says. What runs for more than a moment is asked about as well, twice a
 * second while notifications do not arrive, and seldom while they do. Thread-safe.
 */
public final class Orders {
    private static final Duration DEAF = Duration.ofMillis(500);
    private static final Duration HEARING = Duration.ofSeconds(5);

    /** Between looks for what notifications name: a flood of them costs a hundred statements a second at most. */
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(10);

    /** As many ids are remembered; with more, everything that runs is asked about. */
    private static final int MOST_NAMED = 1_000;

    private final Settlements settlements;
    private final Books books;
    private final Stops stops;
    private final LongSupplier hearing;
    private final DutyLoop loop;
    private final Set<UUID> named = new HashSet<>(); // guarded by itself
    private boolean tooManyNamed; // guarded by named
    private long namedNanos =
            System.nanoTime() - BETWEEN_LOOKS.toNanos(); // confined to the loop's thread, as the next two are
    private long lookedNanos = System.nanoTime();
    private long heardNanos = System.nanoTime();

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

    /** Somebody says that an event was cancelled which this process held when it was. */
    public void cancelled(UUID id) {
        synchronized (named) {
            if (named.size() < MOST_NAMED) {
                named.add(id);
            } else {
                tooManyNamed = true;
            }
        }
        loop.wake();
    }

    /** A flow was paused or resumed. */
    public void pauseChanged(int flow) {
        stops.changed(flow);
        loop.wake();
    }

    private Duration cycle() {
        long now = System.nanoTime();
        long tooSoon = BETWEEN_LOOKS.toNanos() - (now - namedNanos);
        if (tooSoon > 0) {
            return Duration.ofNanos(tooSoon);
        }
        namedNanos = now;
        stops.look();
        boolean all = lookAtNamed();
        Duration interval = hearing.getAsLong() == 0 ? DEAF : HEARING;
        if (all || now - lookedNanos >= interval.toNanos()) {
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

    /** Calls off what was named and is cancelled. Returns whether more was named than is remembered. */
    private boolean lookAtNamed() {
        List<UUID> asked;
        boolean more;
        synchronized (named) { // cleared before it asks: what is named from now on is asked about once more
            asked = List.copyOf(named);
            more = tooManyNamed;
            named.clear();
            tooManyNamed = false;
        }
        if (asked.isEmpty()) {
            return more;
        }
        try {
            settlements.cancelled(asked).forEach(books::calledOff);
        } catch (RuntimeException e) {
            synchronized (named) {
                named.addAll(asked);
                tooManyNamed |= more;
            }
            throw e;
        }
        return more;
    }
}
