package dev.millrace;

import dev.millrace.event.ConfigurationException;
import dev.millrace.process.DutyLoop;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The executors of one Millrace that run events or have listeners, by flow. An executor that only appends and queries is not
 * in it, so nothing of it stays behind when the application drops it. Thread-safe.
 */
final class Roster {
    private final ConcurrentHashMap<Integer, List<Work<?>>> byFlow = new ConcurrentHashMap<>();

    /** Adds an executor that hears of moves and does not run events yet. */
    void add(Work<?> work) {
        byFlow.compute(work.flow(), (flow, present) -> with(present == null ? List.of() : present, work));
    }

    /**
     * Adds an executor that is about to run events.
     *
     * @param entered called once it is clear that it may, before another one of its flow is looked at
     * @throws ConfigurationException if another one executes that has another handler for a type of the same flow: then nobody
     *     could say which of them runs what
     */
    void addRunning(Work<?> work, Runnable entered) {
        byFlow.compute(work.flow(), (flow, present) -> {
            List<Work<?>> others = present == null ? List.of() : present;
            others.forEach(other -> refuseConflict(work, other));
            entered.run();
            return with(others, work);
        });
    }

    private static List<Work<?>> with(List<Work<?>> present, Work<?> work) {
        return present.contains(work)
                ? present
                : Stream.concat(present.stream(), Stream.of(work)).toList();
    }

    private static void refuseConflict(Work<?> work, Work<?> other) {
        if (other.equals(work) || !other.executes() || work.handlesLike(other)) {
            return;
        }
        work.types().stream()
                .filter(other.types()::contains)
                .sorted()
                .findFirst()
                .ifPresent(type -> {
                    throw new ConfigurationException(
                            ("flow '%s': another executor of this Millrace executes and has another handler for type '%s'; stop or close"
                                            + " that executor first, or give each type of a flow to one executor, or the same handler"
                                            + " object to both")
                                    .formatted(work.flowName(), type));
                });
    }

    /** Removes an executor; harmless if it is not there. */
    void remove(Work<?> work) {
        byFlow.computeIfPresent(work.flow(), (flow, present) -> {
            List<Work<?>> rest =
                    present.stream().filter(one -> !one.equals(work)).toList();
            return rest.isEmpty() ? null : rest;
        });
    }

    /** Does something to the executors of a flow. */
    void each(int flow, Consumer<Work<?>> action) {
        List<Work<?>> present = byFlow.get(flow);
        if (present != null) {
            present.forEach(action);
        }
    }

    /** The loops that claim. */
    List<DutyLoop> loops() {
        return byFlow.values().stream()
                .flatMap(Collection::stream)
                .map(Work::loop)
                .toList();
    }
}
