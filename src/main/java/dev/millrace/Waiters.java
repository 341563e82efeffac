package dev.millrace;

import dev.millrace.event.NotFoundException;
import dev.millrace.process.DutyLoop;
import dev.millrace.process.Troubles;
import dev.millrace.store.Events;
import dev.millrace.store.Events.Awaited;
import dev.millrace.store.StoredEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Those who wait for events to end: one statement asks about all of them, however many there are, at once when an event
 * settles in this process and at most every few milliseconds otherwise. Thread-safe; its thread lives while somebody waits.
 */
final class Waiters {
    /** Events asked about in one statement. */
    private static final int MOST_ASKED = 10_000;

    /** Events read in one statement, with what may be large of them. */
    private static final int MOST_READ = 100;

    private final Events events;
    private final ConcurrentHashMap<Awaited, Set<Waiter>> waiting = new ConcurrentHashMap<>();
    private final DutyLoop loop;
    private final Rhythm rhythm = new Rhythm();
    private volatile boolean closed;

    /** One who waits; each is equal to itself alone, as its future is. */
    private static final class Waiter {
        private final CompletableFuture<StoredEvent> future;

        Waiter(CompletableFuture<StoredEvent> future) {
            this.future = future;
        }

        CompletableFuture<StoredEvent> future() {
            return future;
        }
    }

    Waiters(Events events, Troubles troubles) {
        this.events = events;
        this.loop = new DutyLoop("waiters", this::cycle, troubles);
    }

    /**
     * Completes with the event when it has ended; with a {@link NotFoundException} if its flow does not have it, or not any more; with
     * an {@link IllegalStateException} if this is closed. Whoever stops waiting before cancels it. Completed on threads of
     * their own, so that what follows holds up nobody.
     */
    CompletableFuture<StoredEvent> ended(int flow, UUID id) {
        Awaited awaited = new Awaited(flow, id);
        CompletableFuture<StoredEvent> future = new CompletableFuture<>();
        Waiter waiter = new Waiter(future);
        waiting.compute(awaited, (key, others) -> {
            Set<Waiter> all = others == null ? new LinkedHashSet<>() : others;
            all.add(waiter);
            return all;
        });
        var unused = future.whenComplete((event, error) -> forget(awaited, waiter));
        if (closed) { // looked at after it was entered: whoever closes this now finds it
            failClosed(awaited);
            return future;
        }
        rhythm.restart();
        loop.start();
        loop.wake();
        return future;
    }

    private void forget(Awaited awaited, Waiter waiter) {
        waiting.computeIfPresent(awaited, (key, all) -> {
            all.remove(waiter);
            return all.isEmpty() ? null : all;
        });
    }

    /** An event settled in this process. */
    void hint(int flow, UUID id) {
        if (waiting.containsKey(new Awaited(flow, id))) {
            loop.wake();
        }
    }

    private Duration cycle() {
        if (waiting.isEmpty()) {
            return Duration.ofMinutes(1);
        }
        long begin = System.nanoTime();
        List<Awaited> asked = List.copyOf(waiting.keySet());
        for (int from = 0; from < asked.size(); from += MOST_ASKED) {
            look(asked.subList(from, Math.min(asked.size(), from + MOST_ASKED)));
        }
        return rhythm.after(System.nanoTime() - begin);
    }

    private void look(List<Awaited> asked) {
        Map<Boolean, List<Awaited>> over = events.settled(asked).entrySet().stream()
                .collect(Collectors.partitioningBy(
                        Map.Entry::getValue, Collectors.mapping(Map.Entry::getKey, Collectors.toList())));
        over.getOrDefault(false, List.of()).forEach(this::failUnknown);
        over.getOrDefault(true, List.of()).stream()
                .collect(Collectors.groupingBy(Awaited::flow))
                .forEach(this::read);
    }

    private void read(int flow, List<Awaited> ended) {
        for (int from = 0; from < ended.size(); from += MOST_READ) {
            List<UUID> ids = ended.subList(from, Math.min(ended.size(), from + MOST_READ)).stream()
                    .map(Awaited::id)
                    .toList();
            for (StoredEvent event : events.findOnce(flow, ids)) {
                if (event.execution().status().isTerminal()) { // what is missing was cleaned up: the next look says so
                    each(new Awaited(flow, event.id()), future -> future.complete(event));
                }
            }
        }
    }

    private void failUnknown(Awaited awaited) {
        String id = awaited.id().toString();
        each(
                awaited,
                future -> future.completeExceptionally(new NotFoundException("Item " + id + " not found in its flow")));
    }

    private void failClosed(Awaited awaited) {
        String message = "this Millrace was closed before event %s ended".formatted(awaited.id());
        each(awaited, future -> future.completeExceptionally(new IllegalStateException(message)));
    }

    private void each(Awaited awaited, Consumer<CompletableFuture<StoredEvent>> end) {
        List<Waiter> waiters = new ArrayList<>();
        waiting.computeIfPresent(awaited, (key, all) -> {
            waiters.addAll(all);
            return null;
        });
        for (Waiter waiter : waiters) {
            Thread.ofVirtual().name("millrace-result").start(() -> end.accept(waiter.future()));
        }
    }

    /** The loop that asks. */
    DutyLoop loop() {
        return loop;
    }

    /** Lets everybody go who waits or will; the loop is stopped by whoever ends it all. */
    void close() {
        closed = true;
        List.copyOf(waiting.keySet()).forEach(this::failClosed);
    }
}
