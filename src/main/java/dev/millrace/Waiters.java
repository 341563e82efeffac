package dev.millrace;

import dev.millrace.process.DutyLoop;
import dev.millrace.process.Troubles;
import dev.millrace.store.Events;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;

/**
 * Those who wait for events to end: one statement asks about all of them, however many there are, at once when an event
 * settles in this process and every few milliseconds otherwise. Thread-safe; its thread lives while somebody waits.
 */
final class Waiters {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    private final Events events;
    private final ConcurrentHashMap<UUID, List<CountDownLatch>> waiting = new ConcurrentHashMap<>();
    private final DutyLoop loop;
    private volatile boolean closed;
    private volatile Duration pause = FIRST_PAUSE;

    Waiters(Events events, Troubles troubles) {
        this.events = events;
        this.loop = new DutyLoop("waiters", this::cycle, troubles);
    }

    /** Falls when the event has ended, or this is closed. Whoever stops waiting before calls {@link #forget}. */
    CountDownLatch ended(UUID id) {
        CountDownLatch latch = new CountDownLatch(1);
        waiting.merge(id, List.of(latch), Waiters::both);
        if (closed) { // looked at after it was entered: whoever closes this now finds it
            latch.countDown();
            return latch;
        }
        pause = FIRST_PAUSE;
        loop.start();
        loop.wake();
        return latch;
    }

    /** An event settled in this process. */
    void hint(UUID id) {
        if (waiting.containsKey(id)) {
            loop.wake();
        }
    }

    private Duration cycle() {
        Set<UUID> asked = Set.copyOf(waiting.keySet());
        if (asked.isEmpty()) {
            return Duration.ofMinutes(1);
        }
        for (UUID id : events.settled(asked)) {
            List<CountDownLatch> latches = waiting.remove(id);
            if (latches != null) {
                latches.forEach(CountDownLatch::countDown);
            }
        }
        Duration now = pause;
        pause = now.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : now.multipliedBy(2);
        return now;
    }

    /** That one no longer waits. */
    void forget(UUID id, CountDownLatch latch) {
        waiting.computeIfPresent(id, (key, latches) -> {
            List<CountDownLatch> others =
                    latches.stream().filter(other -> !other.equals(latch)).toList();
            return others.isEmpty() ? null : others;
        });
    }

    private static List<CountDownLatch> both(List<CountDownLatch> some, List<CountDownLatch> more) {
        return Stream.concat(some.stream(), more.stream()).toList();
    }

    /** The loop that asks. */
    DutyLoop loop() {
        return loop;
    }

    /** Lets everybody go who waits or will; the loop is stopped by whoever ends it all. */
    void close() {
        closed = true;
        waiting.values().forEach(latches -> latches.forEach(CountDownLatch::countDown));
        waiting.clear();
    }
}
