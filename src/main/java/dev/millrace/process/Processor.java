package dev.millrace.process;

import dev.millrace.event.ConnectionException;
import dev.millrace.store.Claims;
import dev.millrace.store.Sleepers.Lane;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Claims events, has each of them admitted and run, within the concurrency limit. Owns no thread: {@link #forward} is
 * called by whoever wants one batch, {@link #cycle} by a {@link DutyLoop}.
 *
 * <p>Thread-safe, except that only one thread may call {@link #cycle}. Any number of processors, here or in other JVMs, may
 * share a flow: a claim hands an event to one of them at a time.
 *
 * @param <T> the payload's type
 */
public final class Processor<T> {
    /** While all slots are taken the loop idles until one comes free; this is only a net under the wake-up. */
    private static final Duration NET = Duration.ofSeconds(1);

    /** Longer than anybody waits, and still so many nanoseconds. */
    public static final Duration FOREVER = Duration.ofDays(36_500);

    private static final Duration WHILE_IN_DOUBT = Duration.ofMillis(20);

    /** Between looks for suspects, which are few. */
    private static final Duration SUSPECT_INTERVAL = Duration.ofMillis(200);

    private final Settings settings;
    private final Claims claims;
    private final Source source;
    private final Worker worker;
    private final Gate<T> gate;
    private final Runs<T> runs;
    private final Entrance<T> entrance;
    private final Claimer<T> claimer;
    private final Stuck stuck = new Stuck();
    private final Semaphore slots;
    private final Runnable whenFree;
    private final Idler idler;
    private volatile long nextSuspectNanos = System.nanoTime();
    private final Pacing pacing; // confined to the loop's thread
    private final @Nullable Feed<T> feed; // where nobody is asked and nothing is paced

    /**
     * What a processor claims from.
     *
     * @param lanes the queues of the types it knows
     */
    public record Source(int flow, List<Integer> lanes) {
        /** All of them, as the watch over idle executors names them. */
        public List<Lane> watched() {
            return allLanes().stream().map(lane -> new Lane(flow, lane)).toList();
        }

        /** Where events with a death on them queue: under the negated numbers. */
        List<Integer> suspectLanes() {
            return lanes.stream().map(lane -> -lane).toList();
        }

        List<Integer> allLanes() {
            return Stream.concat(lanes.stream(), suspectLanes().stream()).toList();
        }
    }

    /** Does nothing until called; {@code whenFree} hears of each free slot, {@code idler} says how long to idle. */
    public Processor(
            Settings settings,
            Claims claims,
            Source source,
            Gate<T> gate,
            Runs<T> runs,
            Worker worker,
            Runnable whenFree,
            Idler idler) {
        this.settings = settings;
        this.claims = claims;
        this.source = source;
        this.worker = worker;
        this.gate = gate;
        this.runs = runs;
        this.entrance = new Entrance<>(gate, runs, settings, worker.troubles());
        this.claimer = new Claimer<>(claims, source, worker, runs, settings.concurrencyLimit() + settings.prefetch());
        this.slots = new Semaphore(settings.concurrencyLimit());
        this.pacing = new Pacing(settings.queueCapacity(), settings.capacityRefreshTime());
        this.whenFree = whenFree;
        this.idler = idler;
        boolean feeds = gate.isAlwaysOpen() && settings.capacityRefreshTime() == null;
        this.feed = feeds ? new Feed<>(settings, claimer, runs, slots, worker.troubles(), whenFree) : null;
    }

    /**
     * Processes one batch now: up to the queue capacity of granted events, and returns when the last of them has
     * settled. Does not care about the refresh time.
     *
     * @return how many events were started
     */
    public int forward() throws InterruptedException {
        return forward(FOREVER);
    }

    /**
     * As {@link #forward()}, but after that time it takes in no more and does not wait for what runs.
     *
     * @param patience up to a hundred years
     */
    public int forward(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        Batch batch = new Batch(true);
        try {
            takeIn(batch, end);
        } finally {
            batch.close(); // whatever happened, what was refused goes back
        }
        batch.awaitSettled(end);
        return batch.granted();
    }

    private void takeIn(Batch batch, long end) throws InterruptedException {
        int left = settings.queueCapacity();
        if (mayClaim() && slots.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            left -= admitSuspect(batch, patient(end));
        }
        while (left > 0 && !batch.isFull() && mayClaim()) {
            int wanted = gate.available(left);
            if (wanted == 0) {
                break;
            }
            // Waits while all slots are taken: the batch may be larger than the limit.
            if (!slots.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                break;
            }
            List<Ticket> claimed = claim(1 + takeSlots(wanted - 1), batch, patient(end));
            if (claimed.isEmpty()) {
                break;
            }
            left -= entrance.admit(claimed, batch);
        }
    }

    /**
     * The background loop's duty: claims into the free slots, without waiting for what runs.
     *
     * @return how long to idle
     */
    public Duration cycle() {
        if (idler.sleepsFirst()) {
            return DutyLoop.AT_REST;
        }
        if (!worker.mayClaim()) {
            return WHILE_IN_DOUBT;
        }
        if (isStuck()) {
            if (feed != null) {
                feed.giveBack();
            }
            stuck.tell(settings.concurrencyLimit(), source.flow());
            return NET; // or until a handler ends
        }
        stuck.over(source.flow());
        return feed == null ? pacedCycle() : fedCycle(feed);
    }

    private Duration fedCycle(Feed<T> from) {
        Feed.Result result = from.cycle();
        int suspects = 0;
        if (System.nanoTime() - nextSuspectNanos >= 0 && from.takeSlot()) {
            suspects = admitSuspect(pacing.batch(), Supplier::get);
            from.pump(); // the slot may have come back unused
        }
        if (result == Feed.Result.EMPTY && suspects == 0) {
            return idler.nothing();
        }
        Duration next = idler.busy(result == Feed.Result.FULL ? NET : Duration.ZERO);
        return result == Feed.Result.SOME ? idler.nothing() : next;
    }

    private Duration pacedCycle() {
        Duration pause = pacing.untilCapacity();
        if (!pause.isZero()) {
            return pause;
        }
        int wanted = gate.available(pacing.left());
        if (wanted == 0) {
            return worker.time().pause(gate.untilAvailable());
        }
        int free = takeSlots(wanted);
        if (free == 0) {
            return idler.busy(NET);
        }
        Batch batch = pacing.batch();
        boolean look = System.nanoTime() - nextSuspectNanos >= 0;
        boolean lookOnly = look && free == 1; // or the others would have every slot that comes free
        List<Ticket> claimed = lookOnly ? List.of() : claim(look ? free - 1 : free, batch, Supplier::get);
        pacing.took(entrance.admit(claimed, batch) + (look ? admitSuspect(batch, Supplier::get) : 0));
        if (!lookOnly && (claimed.isEmpty() || batch.isFull())) {
            pacing.endBatch(); // with the queue
            return claimed.isEmpty() ? idler.nothing() : Duration.ZERO;
        }
        return lookOnly ? Duration.ZERO : idler.busy(Duration.ZERO);
    }

    /** The background loop has ended: what its last batch refused goes back. */
    public void cycleEnds() {
        if (feed != null) {
            feed.giveBack();
        }
        pacing.end();
        idler.leave();
    }

    /**
     * Runs one event now if it is pending, without asking permission and beside the concurrency limit.
     *
     * @param early whether it may run although it is not due
     * @return whether it was pending; then it has settled or gone back
     */
    public boolean invoke(UUID id, boolean early) throws InterruptedException {
        if (!mayClaim()) {
            return false;
        }
        Batch batch = new Batch(false);
        Optional<Ticket> claimed = claims.untilSent(FOREVER, () -> claimer.one(id, early, batch));
        if (claimed.isEmpty()) {
            return false;
        }
        runs.prepare(claimed.get()).ifPresent(event -> runs.start(claimed.get(), event));
        batch.awaitSettled(System.nanoTime() + FOREVER.toNanos());
        return true;
    }

    private boolean mayClaim() {
        return worker.mayClaim() && !isStuck() && !runs.isClosed();
    }

    /** Whether as many handlers go on after their events were ended as may run at once: then nothing is claimed. */
    public boolean isStuck() {
        return runs.leaked() >= settings.concurrencyLimit();
    }

    /**
     * Whether nothing is due and nothing is held here, at one moment: no claim is under way while it looks.
     *
     * @param patience how long to wait, at most, for a database that cannot be used; up to a hundred years
     * @throws ConnectionException if it cannot be used for so long, or for as long as calls are repeated
     */
    public boolean isIdle(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                return worker.books()
                        .still(NET, () -> runs.count() == 0 && !claims.isDue(source.flow(), source.allLanes()))
                        .orElse(false);
            } catch (ConnectionException e) { // waits for the database where that holds up no claim
                Duration left = Duration.ofNanos(Math.max(0, end - System.nanoTime()));
                if (claims.isDue(source.flow(), source.allLanes(), left)) {
                    return false;
                }
            }
        }
    }

    private int takeSlots(int wanted) {
        int taken = 0;
        while (taken < wanted && slots.tryAcquire()) {
            taken++;
        }
        return taken;
    }

    /** How often a claim is tried: the loop does not wait for a connection, its next cycle claims. */
    @FunctionalInterface
    private interface Tries {
        List<Ticket> of(Supplier<List<Ticket>> claim);
    }

    /** Claims again while no connection could be had. */
    private Tries patient(long end) {
        return claim -> claims.untilSent(Duration.ofNanos(Math.max(0, end - System.nanoTime())), claim);
    }

    /** Claims at most as many as slots are held for it, and lets the rest of the slots go. */
    private List<Ticket> claim(int slotsHeld, Batch batch, Tries tries) {
        int used = 0;
        try {
            List<Ticket> claimed = tries.of(() -> claimer.due(slotsHeld, batch, this::freeSlot));
            used = claimed.size();
            return claimed;
        } finally {
            slots.release(slotsHeld - used);
        }
    }

    /** Claims one event that has a death on it into a slot that is held, if there is one and this process holds none. */
    private int admitSuspect(Batch batch, Tries tries) {
        nextSuspectNanos = System.nanoTime() + SUSPECT_INTERVAL.toNanos();
        List<Ticket> claimed = List.of();
        try {
            claimed = tries.of(() -> claimer.suspect(batch, this::freeSuspect));
        } finally {
            slots.release(1 - claimed.size());
        }
        return entrance.admit(claimed, batch);
    }

    private void freeSuspect() {
        nextSuspectNanos = System.nanoTime(); // looks for the next at once
        freeSlot();
    }

    private void freeSlot() {
        slots.release();
        whenFree.run();
    }
}
