package dev.millrace.process;

import dev.millrace.event.Event;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/**
 * Keeps handlers fed: claims ahead of them, so that a slot that comes free finds its next event here and nobody waits for
 * the database. Holds, beyond what runs, as many as have ended in {@value #AHEAD_MILLIS} ms lately, so fast handlers get large
 * claims and slow ones next to nothing: what is claimed ahead is out of reach of other workers, and is not overtaken by
 * something more urgent. Only {@link #cycle} and {@link #giveBack} are confined to the loop's thread; whoever frees a slot
 * starts the next event on it.
 */
final class Feed<T> {
    private static final int AHEAD_MILLIS = 50;
    private static final long AHEAD_NANOS = TimeUnit.MILLISECONDS.toNanos(AHEAD_MILLIS);

    private final Settings settings;
    private final Claimer<T> claimer;
    private final Runs<T> runs;
    private final Semaphore slots;
    private final Troubles troubles;
    private final Runnable wake;
    private final Batch batch = new Batch(false, this::lookAgain);
    private final Queue<Ticket> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger ahead = new AtomicInteger(); // how many wait, or are about to
    private final LongAdder ended = new LongAdder();
    private final AtomicReference<Kept> kept = new AtomicReference<>(Kept.NOTHING);
    private final AtomicBoolean asked = new AtomicBoolean(); // since the last cycle began
    private volatile boolean more; // the last claim got all it wanted
    private volatile int mostAhead;
    private long windowNanos = System.nanoTime(); // confined to the loop's thread, as the next two are
    private long endedBefore;
    private double perNano;

    /**
     * @param slots one for each event that may run at once
     * @param wake has the loop look again
     */
    Feed(Settings settings, Claimer<T> claimer, Runs<T> runs, Semaphore slots, Troubles troubles, Runnable wake) {
        this.settings = settings;
        this.claimer = claimer;
        this.runs = runs;
        this.slots = slots;
        this.troubles = troubles;
        this.wake = wake;
    }

    /** What is kept for the loop. */
    private enum Kept {
        NOTHING,
        WANTED,
        SLOT
    }

    /** What a cycle came to. */
    enum Result {
        /** All that were wanted were claimed; there may be more. */
        MORE,
        /** Some were claimed, and nothing more is due. */
        SOME,
        /** Nothing is due. */
        EMPTY,
        /** There is no room; a slot that comes free makes some. */
        FULL
    }

    /** Claims into the room there is. */
    Result cycle() {
        asked.set(false);
        adapt();
        int wanted = room();
        if (wanted <= 0) {
            return Result.FULL;
        }
        int claimed = claimer.ahead(wanted, batch, this::free, this::queue);
        more = claimed == wanted;
        if (claimed == 0) {
            return Result.EMPTY;
        }
        return more ? Result.MORE : Result.SOME;
    }

    private void queue(List<Ticket> claimed) {
        ahead.addAndGet(claimed.size());
        waiting.addAll(claimed);
        pump();
    }

    /**
     * How many to claim now. Nothing while more than half of what may be ahead waits, so that claims are large; and with what
     * has been handled and is not settled, never more than may run at once and be ahead.
     */
    private int room() {
        int here = ahead.get();
        if (here > 0 && here > mostAhead / 2) {
            return 0;
        }
        return settings.concurrencyLimit() + mostAhead - runs.count();
    }

    private void adapt() {
        long now = System.nanoTime();
        long window = now - windowNanos;
        if (window < AHEAD_NANOS) {
            return;
        }
        long sum = ended.sum();
        double lately = (double) (sum - endedBefore) / window;
        perNano = (perNano + lately) / 2;
        windowNanos = now;
        endedBefore = sum;
        mostAhead = (int) Math.min(settings.prefetch(), perNano * AHEAD_NANOS);
    }

    /**
     * A slot for the loop itself. If all are taken, the next that comes free is kept for it, the loop is woken, and asks again.
     */
    boolean takeSlot() {
        if (kept.compareAndSet(Kept.SLOT, Kept.NOTHING)) {
            return true;
        }
        if (slots.tryAcquire()) {
            letGo();
            return true;
        }
        kept.compareAndSet(Kept.NOTHING, Kept.WANTED);
        return false;
    }

    /** A slot has come free. */
    private void free() {
        ended.increment();
        if (kept.compareAndSet(Kept.WANTED, Kept.SLOT)) {
            wake.run();
            return;
        }
        slots.release();
        pump();
        lookAgain(); // its settlement may have been faster, and found its successor still waiting
    }

    /** One has settled or gone back, or freed its slot: has the loop look again, once, if there may be room and more. */
    private void lookAgain() {
        if (more && ahead.get() <= mostAhead / 2 && !asked.getAndSet(true)) {
            wake.run();
        }
    }

    /** Starts what waits, in order, on the slots that are free. */
    void pump() {
        while (ahead.get() > 0 && slots.tryAcquire()) {
            Ticket ticket = waiting.poll();
            if (ticket != null) {
                ahead.decrementAndGet();
            }
            if (ticket == null || !start(ticket)) {
                slots.release();
            }
        }
    }

    /** Starts one; false if it has ended instead, without a slot. */
    private boolean start(Ticket ticket) {
        boolean taken = false;
        try {
            if (runs.isSlowToPrepare(ticket)) {
                taken = ticket.takeSlot();
                if (taken) {
                    runs.prepareAside(ticket, event -> runs.start(ticket, event));
                }
                return taken;
            }
            Optional<Event<T>> event = runs.prepare(ticket);
            taken = event.isPresent() && ticket.takeSlot();
            if (taken) {
                runs.start(ticket, event.get());
            }
        } catch (RuntimeException | Error e) { // those that wait behind it must start all the same
            troubles.report("start", e);
            ticket.giveBack();
        }
        return taken;
    }

    private void letGo() {
        if (kept.getAndSet(Kept.NOTHING) == Kept.SLOT) {
            slots.release();
            pump();
        }
    }

    /** Gives back what has not started. */
    void giveBack() {
        for (Ticket ticket = waiting.poll(); ticket != null; ticket = waiting.poll()) {
            ahead.decrementAndGet();
            ticket.giveBack();
        }
        letGo();
    }
}
