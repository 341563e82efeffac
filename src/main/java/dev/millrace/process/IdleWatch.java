package dev.millrace.process;

import dev.millrace.store.Sleepers;
import dev.millrace.store.Sleepers.Lane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for all executors of this process that have nothing to do, and wakes those that got something. However many sleep,
 * one statement has the database notify this process of their flows, and one statement looks at all of their lanes. If
 * notifications arrive, a look follows the declaration at once, because what was added in between was not told. From then on
 * the watch looks after as long as a flow has been declared already, up to {@link #LONGEST}. So what a transaction added before
 * the declaration and committed after it is found by the time it has waited twice. While notifications do not arrive the
 * watch looks at the poll interval of each executor; looks that are due soon are made together.
 *
 * <p>Thread-safe. Only the watch's loop uses the database, so declarations and withdrawals keep their order.
 */
public final class IdleWatch {
    /** Between looks for a flow that is declared, unless it was told to be looked at less often; with jitter of a quarter. */
    static final Duration LONGEST = Duration.ofSeconds(2);

    private static final Logger log = LoggerFactory.getLogger(IdleWatch.class);
    private static final long LEAST_SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    /** Between attempts to declare, while the lease is in doubt. */
    private static final long MOST_UNDECLARED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final Duration NOBODY_SLEEPS = Duration.ofHours(1);

    private final Sleepers sleepers;
    private final LongSupplier hearing;
    private final Supplier<Optional<UUID>> self;
    private final DutyLoop loop;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Place> places = new HashSet<>(); // guarded by lock: asleep, or working now and then
    private final Map<Integer, Integer> wanted = new HashMap<>(); // guarded by lock: flow → how many of its places
    private final Map<Integer, Declaration> declared = new HashMap<>(); // guarded by lock: flow → its row
    private long plannedNanos = System.nanoTime(); // guarded by lock: when the loop looks next

    private record Declaration(UUID worker, long hearing, long nanos) {}

    /** One executor, as the watch sees it; equal to itself alone. */
    static final class Place {
        private final List<Lane> lanes;
        private final int flow;
        private final long pollNanos;
        private final Runnable wake;
        private volatile boolean here; // among the places; written under the watch's lock, as the others are
        private volatile boolean asleep;
        private long nextNanos;
        private long pauseNanos;

        Place(List<Lane> lanes, Duration poll, Runnable wake) {
            this.lanes = lanes;
            this.flow = lanes.getFirst().flow();
            this.pollNanos = poll.toNanos();
            this.wake = wake;
        }

        /** A look now is worth its while: it is due, or half of the pause has passed and another's is due. */
        private boolean isNear(long now) {
            return asleep && now - nextNanos + pauseNanos / 2 >= 0;
        }
    }

    /**
     * One that does not run yet.
     *
     * @param hearing as {@link Listener#hearing}
     * @param self the id to act under, unless the lease is in doubt
     */
    public IdleWatch(Sleepers sleepers, LongSupplier hearing, Supplier<Optional<UUID>> self, Troubles troubles) {
        this.sleepers = sleepers;
        this.hearing = hearing;
        this.self = self;
        this.loop = new DutyLoop("idle-watch", this::cycle, troubles);
    }

    /** The loop that looks. */
    public DutyLoop loop() {
        return loop;
    }

    /** Something may have become due, of any flow, or notifications arrive now, or not any more. */
    public void lookAtAll() {
        lock.lock();
        try {
            long now = System.nanoTime();
            places.forEach(place -> place.nextNanos = now);
        } finally {
            lock.unlock();
        }
        loop.wake();
    }

    /** An executor starts: looks for it at once. */
    void sleepAnew(Place place) {
        sleep(place, true);
    }

    /** An executor has found nothing. */
    void sleep(Place place) {
        sleep(place, false);
    }

    private void sleep(Place place, boolean lookNow) {
        boolean sooner;
        lock.lock();
        try {
            if (!place.here) {
                place.here = true;
                places.add(place);
                wanted.merge(place.flow, 1, Integer::sum);
            }
            place.asleep = true;
            long now = System.nanoTime();
            plan(place, now);
            if (lookNow || (hearing.getAsLong() != 0 && !isDeclared(place.flow))) {
                place.nextNanos = now; // it is to be declared first, or again
            }
            sooner = place.nextNanos - plannedNanos < 0;
        } finally {
            lock.unlock();
        }
        if (sooner) {
            loop.wake();
        }
    }

    /** The executor looks by itself from now on; it stays declared. */
    void rise(Place place) {
        if (place.asleep) {
            lock.lock();
            try {
                place.asleep = false;
            } finally {
                lock.unlock();
            }
        }
    }

    /** The executor need not be notified any more. Returns whether it was among those that sleep or work now and then. */
    boolean withdraw(Place place) {
        if (!place.here) {
            return false;
        }
        boolean last;
        lock.lock();
        try {
            place.here = false;
            place.asleep = false;
            places.remove(place);
            last = wanted.merge(place.flow, -1, Integer::sum) == 0;
            if (last) {
                wanted.remove(place.flow);
            }
        } finally {
            lock.unlock();
        }
        if (last) {
            loop.wake();
        }
        return true;
    }

    /** Whether this process is notified of what is added to the executor's flow. */
    boolean expects(Place place) {
        lock.lock();
        try {
            return isDeclared(place.flow);
        } finally {
            lock.unlock();
        }
    }

    private boolean isDeclared(int flow) {
        Declaration row = declared.get(flow);
        return row != null
                && row.hearing() == hearing.getAsLong()
                && self.get().filter(row.worker()::equals).isPresent();
    }

    /** When to look for it next. */
    private void plan(Place place, long now) {
        Declaration row = isDeclared(place.flow) ? declared.get(place.flow) : null;
        boolean hears = hearing.getAsLong() != 0;
        if (row != null) {
            long most = Math.max(LONGEST.toNanos(), place.pollNanos);
            place.pauseNanos = Math.clamp(now - row.nanos(), LEAST_SLEEP_NANOS, most);
        } else {
            place.pauseNanos = hears ? Math.min(place.pollNanos, MOST_UNDECLARED_NANOS) : place.pollNanos;
        }
        place.nextNanos = now + jittered(place.pauseNanos, hears ? 4 : 2);
    }

    private Duration cycle() {
        declareAndWithdraw();
        look();
        return untilNext();
    }

    /** Brings the rows in line with who sleeps. */
    private void declareAndWithdraw() {
        long ears = hearing.getAsLong();
        UUID me = self.get().orElse(null);
        List<Integer> fresh = new ArrayList<>();
        Map<UUID, List<Integer>> gone = new HashMap<>();
        lock.lock();
        try {
            if (me != null) {
                declared.values().removeIf(row -> !row.worker().equals(me)); // they went with their registration
            }
            declared.forEach((flow, row) -> {
                if (ears == 0 || !wanted.containsKey(flow)) {
                    gone.computeIfAbsent(row.worker(), worker -> new ArrayList<>())
                            .add(flow);
                }
            });
            gone.values().forEach(declared.keySet()::removeAll); // who sleeps anew meanwhile declares anew
            if (ears != 0 && me != null) {
                wanted.keySet().stream()
                        .filter(flow -> !isDeclaredFor(flow, ears))
                        .forEach(fresh::add);
            }
        } finally {
            lock.unlock();
        }
        gone.forEach(this::withdraw);
        if (me != null && !fresh.isEmpty()) {
            declare(fresh, me, ears);
        }
    }

    private boolean isDeclaredFor(int flow, long ears) {
        Declaration row = declared.get(flow);
        return row != null && row.hearing() == ears;
    }

    private void withdraw(UUID worker, List<Integer> flows) {
        try {
            sleepers.withdraw(flows, worker);
        } catch (RuntimeException e) { // it then is notified in vain, until its registration goes
            log.debug("flows={} could not withdraw from being notified: {}", flows, e.getMessage());
        }
    }

    private void declare(List<Integer> flows, UUID me, long ears) {
        if (!sleepers.declare(flows, me)) {
            return; // the lease is lost: that is seen to elsewhere
        }
        lock.lock();
        try {
            long now = System.nanoTime();
            flows.forEach(flow -> declared.put(flow, new Declaration(me, ears, now)));
            Set<Integer> some = new HashSet<>(flows);
            places.stream().filter(place -> some.contains(place.flow)).forEach(place -> place.nextNanos = now);
        } finally {
            lock.unlock();
        }
    }

    private void look() {
        List<Place> looked = near();
        if (looked.isEmpty()) {
            return;
        }
        Set<Integer> due = sleepers.due(
                looked.stream().flatMap(place -> place.lanes.stream()).toList());
        lock.lock();
        try {
            long now = System.nanoTime();
            looked.forEach(place -> plan(place, now));
        } finally {
            lock.unlock();
        }
        looked.stream()
                .filter(place -> place.lanes.stream().anyMatch(lane -> due.contains(lane.lane())))
                .forEach(place -> place.wake.run());
    }

    /** Those to be looked at now; none if none of them is due. */
    private List<Place> near() {
        lock.lock();
        try {
            long now = System.nanoTime();
            boolean due = places.stream().anyMatch(place -> place.asleep && now - place.nextNanos >= 0);
            return due ? places.stream().filter(place -> place.isNear(now)).toList() : List.of();
        } finally {
            lock.unlock();
        }
    }

    private Duration untilNext() {
        lock.lock();
        try {
            long now = System.nanoTime();
            long left = NOBODY_SLEEPS.toNanos();
            for (Place place : places) {
                if (place.asleep) {
                    left = Math.min(left, place.nextNanos - now);
                }
            }
            plannedNanos = now + left;
            return Duration.ofNanos(Math.max(0, left));
        } finally {
            lock.unlock();
        }
    }

    /** So long, give or take a random part of it: a half, a quarter. */
    private static long jittered(long nanos, int part) {
        long spread = nanos / part;
        return nanos - spread + ThreadLocalRandom.current().nextLong(2 * spread + 1);
    }
}
