package dev.millrace;

import dev.millrace.event.NotFoundException;
import dev.millrace.process.DutyLoop;
import dev.millrace.process.Troubles;
import dev.millrace.store.Events;
import dev.millrace.store.Events.Awaited;
import dev.millrace.store.FlowRow;
import dev.millrace.store.StoredEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** Those who wait for events to end; also told when one settles in this process. Thread-safe. */
final class Waiters {
    /** Events asked about in one statement. */
    private static final int MOST_ASKED = 10_000;

    /** Events read in one statement, with what may be large of them. */
    private static final int MOST_READ = 100;

    private final Events events;
    private final Inquiries<Awaited, StoredEvent> inquiries;
    private final Map<Integer, String> flows = new ConcurrentHashMap<>(); // the names of those asked about

    Waiters(Events events, Troubles troubles) {
        this.events = events;
        this.inquiries = new Inquiries<>("waiters", MOST_ASKED, this::look, troubles);
    }

    /**
     * Completes with the event when it has ended; with a {@link NotFoundException} if its flow does not have it, or not any more; with
     * an {@link IllegalStateException} if this is closed. Whoever stops waiting before cancels it.
     */
    CompletableFuture<StoredEvent> ended(FlowRow flow, UUID id) {
        flows.putIfAbsent(flow.id(), flow.name());
        return inquiries.ask(new Awaited(flow.id(), id));
    }

    /** An event settled in this process. */
    void hint(int flow, UUID id) {
        inquiries.hint(new Awaited(flow, id));
    }

    private Map<Awaited, Consumer<CompletableFuture<StoredEvent>>> look(List<Awaited> asked) {
        Map<Awaited, Consumer<CompletableFuture<StoredEvent>>> answers = new HashMap<>();
        List<Awaited> ended = new ArrayList<>();
        events.settled(asked).forEach((awaited, hasEnded) -> {
            if (hasEnded) {
                ended.add(awaited);
            } else {
                String flow = String.valueOf(flows.get(awaited.flow()));
                answers.put(
                        awaited, future -> future.completeExceptionally(NotFoundException.ofEvent(awaited.id(), flow)));
            }
        });
        ended.stream().collect(Collectors.groupingBy(Awaited::flow)).forEach((flow, some) -> {
            for (StoredEvent event : read(flow, some)) {
                answers.put(new Awaited(flow, event.id()), future -> future.complete(event));
            }
        });
        return answers;
    }

    /** What is missing in the answer was cleaned up meanwhile: the next look says so. */
    private List<StoredEvent> read(int flow, List<Awaited> ended) {
        List<StoredEvent> read = new ArrayList<>();
        for (int from = 0; from < ended.size(); from += MOST_READ) {
            List<UUID> ids = ended.subList(from, Math.min(ended.size(), from + MOST_READ)).stream()
                    .map(Awaited::id)
                    .toList();
            read.addAll(events.findOnce(flow, ids));
        }
        return read;
    }

    /** Asks once more for all that is asked for; see {@link Inquiries#lastLook}. */
    void lastLook() {
        inquiries.lastLook();
    }

    /** The loop that asks. */
    DutyLoop loop() {
        return inquiries.loop();
    }

    /** Lets everybody go who waits or will, and stops the loop. */
    void close() {
        inquiries.close();
    }
}
